// A WAF engine for tests: rule texts in, requests as data, reports out. Hashes and clocks are Node's; ids are counted.
import { createHash } from "node:crypto";
import { createWafEngine } from "../../src/core/waf/engine/create-engine.ts";
import type {
  Interruption,
  TransactionPolicy,
  TransactionReport,
  WafEngine,
  WafEngineOptions,
} from "../../src/core/waf/engine/engine.ts";
import { parseRuleSet } from "../../src/core/waf/seclang/parse-rule-set.ts";
import type { ParsedRuleSet, RuleFile } from "../../src/core/waf/seclang/parsed.ts";
import type { WafHashes } from "../../src/core/waf/transform/transformation.ts";

export const nodeHashes: WafHashes = {
  sha1: (bytes) => createHash("sha1").update(Buffer.from(bytes, "latin1")).digest("latin1"),
  md5: (bytes) => createHash("md5").update(Buffer.from(bytes, "latin1")).digest("latin1"),
};

export interface TestRequest {
  readonly method?: string;
  readonly target?: string;
  readonly protocol?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
  /** Bytes handed over at a time; default: all at once. */
  readonly chunkBytes?: number;
  readonly response?: {
    readonly status?: number;
    readonly headers?: readonly (readonly [string, string])[];
    readonly body?: string;
  };
  readonly clientAddress?: string;
}

export function parseRules(text: string, wordLists: Readonly<Record<string, string>> = {}): ParsedRuleSet {
  return parseFiles([{ file: "test.conf", text }], wordLists);
}

export function parseFiles(
  files: readonly RuleFile[],
  wordLists: Readonly<Record<string, string>> = {},
): ParsedRuleSet {
  const wordList = (path: string) => wordLists[path] ?? { refused: `there is no ${path}` };
  return parseRuleSet({ files, reader: { include: () => [], wordList } });
}

/** Options over a rule set; time stands still unless a clock is given. */
export function testEngine(parsed: ParsedRuleSet, options: Partial<WafEngineOptions> = {}): WafEngine {
  let made = 0;
  return createWafEngine({
    ruleSet: parsed.ruleSet,
    hashes: nodeHashes,
    nowMs: () => 1_770_000_000_000,
    nowUs: () => 0,
    uniqueId: () => `transaction-${++made}`,
    ...options,
  });
}

export function testPolicy(change: Partial<TransactionPolicy> = {}): TransactionPolicy {
  return {
    name: "test",
    mode: "block",
    paranoia: 1,
    detectionParanoia: 1,
    inboundThreshold: 5,
    outboundThreshold: 4,
    responseBodies: true,
    settings: new Map(),
    exclusions: [],
    layers: [],
    ...change,
  };
}

export interface TestOutcome {
  readonly report: TransactionReport;
  /** What the step that stopped it said. */
  readonly stopped: Interruption | undefined;
  readonly ids: readonly number[];
}

export function runRequest(engine: WafEngine, policy: TransactionPolicy, request: TestRequest): TestOutcome {
  const transaction = engine.begin(policy);
  transaction.connection({
    clientAddress: request.clientAddress ?? "192.0.2.7",
    clientPort: 40_000,
    serverAddress: "192.0.2.1",
    serverPort: 80,
  });
  transaction.requestLine(request.method ?? "GET", request.target ?? "/", request.protocol ?? "HTTP/1.1");
  let stopped = transaction.requestHeaders(request.headers ?? [["Host", "shop.example"]]);
  const body = request.body ?? "";
  if (stopped === undefined && body !== "" && transaction.wantsRequestBody) {
    const size = request.chunkBytes ?? body.length;
    for (let at = 0; at < body.length && stopped === undefined; at += size) {
      stopped = transaction.requestBody(body.slice(at, at + size));
    }
  }
  stopped ??= transaction.endRequest();
  if (request.response !== undefined && stopped === undefined) {
    stopped = transaction.responseHeaders(request.response.status ?? 200, "HTTP/1.1", request.response.headers ?? []);
    const text = request.response.body ?? "";
    if (stopped === undefined && text !== "" && transaction.wantsResponseBody) stopped = transaction.responseBody(text);
    stopped ??= transaction.endResponse();
  }
  const report = transaction.finish();
  return { report, stopped, ids: report.rules.map(({ ruleId }) => ruleId) };
}

// The engine over the Core Rule Set and its own test requests: with scan and memo, without either, in pieces, and against a plain interpreter: the same reports.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test, type TestContext } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import { naiveRun } from "../../../../test/support/naive-waf.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import {
  parseFiles,
  runRequest,
  testEngine,
  testPolicy,
  type TestRequest,
} from "../../../../test/support/waf-engine.ts";
import { buildRequest } from "../ftw/build-request.ts";
import { readTestFile } from "../ftw/test-file.ts";
import { suiteSettings } from "../ftw/settings.ts";
import { readRequest } from "../http/read-request.ts";
import { withBase } from "../http/with-base.ts";
import type { TransactionReport } from "./engine.ts";

const folder = resolve(import.meta.dirname, "../../../../../shared/data/crs");
const isHere = existsSync(folder);

const coreRules = once(readCoreRules);
const sharedEngine = once(() => testEngine(coreRules()));

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

function readCoreRules() {
  const rules = resolve(folder, "rules");
  const names = readdirSync(rules).toSorted();
  const read = (path: string): string => readFileSync(resolve(folder, path), "latin1");
  const files = [
    { file: "crs-setup.conf", text: read("crs-setup.conf.example") },
    ...names.filter((name) => name.endsWith(".conf")).map((name) => ({ file: name, text: read(`rules/${name}`) })),
  ];
  const lists = names.filter((name) => name.endsWith(".data")).map((name) => [name, read(`rules/${name}`)]);
  return parseFiles(withBase(files), Object.fromEntries(lists));
}

/** Every so many-th test of the suite, as requests. */
function suiteRequests(step: number): TestRequest[] {
  const requests: TestRequest[] = [];
  let seen = 0;
  for (const part of readdirSync(resolve(folder, "tests")).toSorted()) {
    for (const name of readdirSync(resolve(folder, "tests", part)).toSorted()) {
      const text = readFileSync(resolve(folder, "tests", part, name), "utf8");
      for (const { stages } of readTestFile(parse(text, { schema: "failsafe" }), name).tests) {
        if (seen++ % step !== 0) continue;
        for (const { input } of stages) {
          const { method, target, protocol, headers, body } = readRequest(buildRequest(input, input.uri ?? "/").bytes);
          requests.push({ method, target, protocol, headers, body });
        }
      }
    }
  }
  return requests;
}

const highest = testPolicy({ mode: "detect", paranoia: 4, detectionParanoia: 4, settings: suiteSettings });

function comparable(report: TransactionReport): unknown {
  return { ...report, id: "" };
}

function ready(context: TestContext): boolean {
  return skipUnless(context, isHere, "MISSING ../shared/data/crs: the Core Rule Set");
}

test("a plain interpreter comes to the same rules, scores and decision", (context) => {
  if (!ready(context)) return;
  const parsed = coreRules();
  const engine = sharedEngine();
  const lowest = testPolicy({ mode: "detect" });
  const requests = suiteRequests(23);
  assert.ok(requests.length > 150);
  for (const [index, request] of requests.entries()) {
    const policy = index % 3 === 0 ? lowest : highest;
    const naive = naiveRun(parsed.ruleSet, policy, request);
    const { report, ids } = runRequest(engine, policy, request);
    const seen = { ids, inboundScore: report.inboundScore, decidingRule: report.interruption?.ruleId ?? 0 };
    assert.deepEqual(seen, naive, JSON.stringify(request));
  }
});

test("scan, memo and the size of pieces change no report", (context) => {
  if (!ready(context)) return;
  const parsed = coreRules();
  const engine = sharedEngine();
  const others = [
    testEngine(parsed, { isPrefiltered: false, memoEntriesMax: 0 }),
    testEngine(parsed, { memoEntriesMax: 64 }),
    testEngine(parsed, { isPlain: true }),
  ];
  for (const [index, request] of suiteRequests(19).entries()) {
    const expected = comparable(runRequest(engine, highest, request).report);
    const other = others[index % others.length]!;
    assert.deepEqual(comparable(runRequest(other, highest, request).report), expected, JSON.stringify(request));
    const pieces = { ...request, chunkBytes: 1 + (index % 7) };
    assert.deepEqual(comparable(runRequest(engine, highest, pieces).report), expected, JSON.stringify(request));
  }
});

test("payloads that were cut, joined and broken are reported the same with and without scan and memo", (context) => {
  if (!ready(context)) return;
  const parsed = coreRules();
  const engine = sharedEngine();
  const plain = testEngine(parsed, { isPlain: true });
  const payloads = suiteRequests(11).flatMap(({ target, body }) => [target ?? "", (body ?? "").slice(0, 400)]);
  const piece = fc
    .tuple(fc.constantFrom(...payloads), fc.nat(200), fc.nat(120))
    .map(([text, from, size]) => text.slice(from, from + size));
  const value = fc
    .array(
      fc.oneof(
        piece,
        fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 8 }),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(value, value, (first, second) => {
      const encoded = first.replace(/[^]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
      const request: TestRequest = {
        target: `/a?x=${encoded}`,
        headers: [
          ["Host", "h"],
          ["Cookie", `c=${second}`],
          ["User-Agent", second],
        ],
      };
      assert.deepEqual(
        comparable(runRequest(engine, highest, request).report),
        comparable(runRequest(plain, highest, request).report),
      );
    }),
    { numRuns: 60 },
  );
});

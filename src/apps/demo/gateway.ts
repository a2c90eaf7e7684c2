// The demo's WAF: the real engine over a few rules of its own before the shop's storefront and catalog, and simulated visitors, most of them harmless. Its rows go
// through the first node's agent, as a gateway's of its own would.
import { createHash } from "node:crypto";
import { createWafEngine } from "../../core/waf/engine/create-engine.ts";
import type { TransactionPolicy } from "../../core/waf/engine/engine.ts";
import { parseRuleSet } from "../../core/waf/seclang/parse-rule-set.ts";
import { wafRow, type WafRequestFacts } from "../../core/waf/report/waf-row.ts";
import type { GatewayReport } from "../../model/node.ts";
import type { Row } from "../../model/table.ts";
import { demoPolicies, demoRules, visitAt, type Visit } from "./world/visits.ts";
import type { Random } from "./world/random.ts";
import { appOf, readyPods, type Pod, type World } from "./world/state.ts";

export type WafRow = Row<"waf_events">;

export interface DemoGateway {
  /** Visits until this time; rows of those that rules spoke about, oldest first. */
  advance(timeMs: number): readonly WafRow[];
  report(): GatewayReport;
}

/** Visits that are made up at once after a pause of the machine. */
const visitsPerCallMax = 200;

export function createDemoGateway(world: World, startMs: number): DemoGateway {
  const random = world.random.fork("gateway");
  const { ruleSet, counts } = parseRuleSet({
    files: [{ file: "demo.conf", text: demoRules }],
    reader: { include: () => [], wordList: () => ({ refused: "the demo has no word lists" }) },
  });
  const hash = (name: string) => (bytes: string) =>
    createHash(name).update(Buffer.from(bytes, "latin1")).digest("latin1");
  const { digest } = ruleSet;
  let nowMs = startMs;
  const engine = createWafEngine({
    ruleSet,
    hashes: { sha1: hash("sha1"), md5: hash("md5") },
    nowMs: () => nowMs,
    nowUs: () => Math.round(performance.now() * 1000),
    uniqueId: () => random.hex(24),
  });
  let requests = 0;
  let nextMs = startMs + 2000;

  function judge(visit: Visit): WafRow | undefined {
    const pods = readyPods(appOf(world, visit.app));
    const pod = pods.length === 0 ? undefined : random.pick(pods);
    if (pod === undefined) return undefined;
    requests += 1;
    const policy: TransactionPolicy = policyOf(visit.app);
    const transaction = engine.begin(policy);
    const ends = { clientAddress: visit.client, clientPort: random.int(32_768, 60_999) };
    transaction.connection({ ...ends, serverAddress: pod.address, serverPort: pod.app?.spec.port ?? 80 });
    transaction.requestLine(visit.method, visit.target, "HTTP/1.1");
    const stopped = transaction.requestHeaders(visit.headers) ?? passBody(visit.body);
    if (stopped === undefined) transaction.endRequest();
    const report = transaction.finish();
    const row = wafRow(
      report,
      policy,
      factsOf(visit, { pod, ends, status: report.isBlocked ? 403 : 200, nowMs, digest, traceId: random.hex(32) }),
    );
    if (row === undefined) return undefined;
    const { cluster: _cluster, node: _node, ingest: _ingest, ...columns } = row;
    return { ...columns, time: nowMs };

    function passBody(body: string) {
      return body === "" ? undefined : transaction.requestBody(body);
    }
  }

  return {
    advance(timeMs) {
      const rows: WafRow[] = [];
      for (let made = 0; nextMs <= timeMs && made < visitsPerCallMax; made += 1) {
        nowMs = nextMs;
        const row = judge(visitAt(random, world.story.attack));
        if (row !== undefined) rows.push(row);
        nextMs += pauseMs(random, world.story.attack);
      }
      // What a sleeping machine missed did not happen.
      nextMs = Math.max(nextMs, timeMs);
      return rows;
    },
    report: () => ({
      ruleSet: digest,
      rules: counts.rules,
      ruleSetProblem: "",
      workers: 1,
      requests,
      notInspected: 0,
    }),
  };
}

interface Met {
  readonly pod: Pod;
  readonly ends: { readonly clientAddress: string; readonly clientPort: number };
  readonly status: number;
  readonly nowMs: number;
  readonly digest: string;
  readonly traceId: string;
}

function factsOf({ app, method, target }: Visit, { pod, ends, status, nowMs, digest, traceId }: Met): WafRequestFacts {
  return {
    time: new Date(nowMs).toISOString(),
    cluster: "",
    node: "",
    ingest: 0,
    door: "proxy",
    status,
    method,
    host: "shop.example.com",
    target,
    forwardedFor: "::",
    ...ends,
    clientNamespace: "",
    clientWorkload: "",
    clientKind: "External",
    clientService: "",
    clientPod: "",
    clientReason: "",
    serverAddress: pod.address,
    serverPort: pod.app?.spec.port ?? 80,
    traceId,
    ruleSet: digest,
    isTls: false,
    namespace: pod.namespace,
    workload: app,
    workloadKind: "Deployment",
    service: pod.app?.serviceName ?? "",
    pod: pod.name,
    container: pod.containerName,
    containerId: pod.containerId,
    image: pod.image,
    imageDigest: pod.imageDigest,
    identityReason: "",
    fidelity: "simulated",
  };
}

function pauseMs(random: Random, isAttack: boolean): number {
  return 50 + random.exponential(isAttack ? 350 : 1200);
}

/** As the policies that the demo offers say; a person's changes of them are followed by real gateways only. */
function policyOf(app: string): TransactionPolicy {
  return demoPolicies.get(app)?.policy ?? unselected;
}

const unselected: TransactionPolicy = {
  name: "",
  mode: "detect",
  paranoia: 1,
  detectionParanoia: 1,
  inboundThreshold: 5,
  outboundThreshold: 4,
  responseBodies: false,
  settings: new Map(),
  exclusions: [],
  layers: [],
};

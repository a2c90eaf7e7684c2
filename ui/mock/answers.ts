// What the mock answers to each operation of the contract. Every answer is checked against the contract's schema before it leaves.
import type { OperationName } from "../../src/apps/server/contract/api.ts";
import { accessAnswers } from "./access-answers.ts";
import { baselineAnswers } from "./baselines-answers.ts";
import { gapsIn, keptMs, refuseBySentinel, spanOf, windowOf, youngMs, type Asked } from "./asked.ts";
import { fieldNotes, matcherOf, sentinelOf } from "./filter.ts";
import { detectionAnswers } from "./detections-answers.ts";
import { imageAnswers } from "./images-answers.ts";
import { imageExtraAnswers } from "./images-extras.ts";
import { inventoryAnswers } from "./inventory-answers.ts";
import { overviewAnswers } from "./overview-answers.ts";
import { keptResources } from "./kept-resources.ts";
import { graphAnswers } from "./graph-answers.ts";
import { layerAnswers } from "./layers-answers.ts";
import { policyAnswers } from "./policy-answers.ts";
import { sinkAnswers } from "./sinks-answers.ts";
import { status } from "./status.ts";
import { wafAnswers } from "./waf-answers.ts";
import { actors, eventNumbered, flowNumbered } from "./world.ts";
import { actorOf, dnsNames, peersOf, processesOf, workloadOf } from "./workload-answers.ts";

export type { Asked } from "./asked.ts";

const stepMs = 180;
const pageRowsMax = 500;
const numberOf = (timeMs: number): number => Math.floor(timeMs / stepMs) % 1_000_000_000;

type Numbered = (number: number, timeMs: number) => { readonly time: string };

function rowsOf(asked: Asked, numbered: Numbered, keep: (row: object) => boolean) {
  const q = asked.query["q"] ?? "";
  refuseBySentinel(sentinelOf(q));
  const matches = matcherOf(q);
  const { since, until } = spanOf(asked);
  const limit = Math.min(Number(asked.query["limit"] ?? 100), pageRowsMax);
  // On the same beat as the streams, so that a row is the same row wherever it is asked for.
  const newest = Math.floor((until - 1) / stepMs) * stepMs;
  let time = asked.query["cursor"] === undefined ? newest : Number(asked.query["cursor"]);
  const from = Math.max(since, sentinelOf(q) === "young" ? asked.nowMs - youngMs : asked.nowMs - keptMs);
  const rows: object[] = [];
  for (let looked = 0; rows.length < limit && time >= from && looked < 60_000; looked += 1, time -= stepMs) {
    const row = numbered(numberOf(time), time);
    if (sentinelOf(q) !== "empty" && keep(row) && matches(row)) rows.push(row);
  }
  return { rows, ...(time >= from && rows.length === limit ? { next: String(time) } : {}), window: windowOf(asked) };
}

function kindsFilter(asked: Asked): (row: object) => boolean {
  const kinds = (asked.query["kinds"] ?? "").split(",").filter((kind) => kind !== "");
  return (row) => kinds.length === 0 || kinds.includes(String((row as { kind?: string }).kind));
}

function timeline(asked: Asked) {
  const q = asked.query["q"] ?? "";
  refuseBySentinel(sentinelOf(q));
  const matches = matcherOf(q);
  const { since, until } = spanOf(asked);
  const steps = Number(asked.query["steps"] ?? 60);
  const step = Math.max(1000, Math.round((until - since) / steps));
  const points = Array.from({ length: steps }, (_, index) => {
    const at = Math.floor(since / step) * step + index * step;
    const sample = Array.from({ length: 24 }, (_, n) => flowNumbered(numberOf(at) + n * 37, at)).filter(matches);
    const wave = (1 + 0.5 * Math.sin(at / 400_000) + 0.2 * Math.sin(at / 47_000)) * (step / 5000);
    const missing =
      gapsIn({ since: at, until: at + step }, asked.nowMs).length > 1 ||
      sentinelOf(q) === "empty" ||
      at < asked.nowMs - (sentinelOf(q) === "young" ? youngMs : keptMs);
    const count = (verdict: string): number =>
      missing ? 0 : Math.round(sample.filter((flow) => flow.verdict === verdict).length * wave);
    const allow = count("allow");
    return {
      time: new Date(at).toISOString(),
      allow,
      deny: count("deny"),
      unknown: count("unknown"),
      connections: allow,
      connectionsFailed: count("deny"),
      bytesSent: allow * 900,
      bytesReceived: allow * 4200,
    };
  });
  return { stepMs: step, points, window: windowOf(asked) };
}

function workloads(asked: Asked) {
  const q = asked.query["q"] ?? "";
  refuseBySentinel(sentinelOf(q));
  const matches = matcherOf(q);
  const rows = sentinelOf(q) === "empty" ? [] : actors.map((actor) => workloadOf(actor, asked.nowMs)).filter(matches);
  return { rows, window: windowOf(asked) };
}

function hints({ query }: Asked) {
  const field = query["field"] ?? "";
  const prefix = (query["prefix"] ?? "").toLowerCase();
  if (field === "")
    return Object.entries(fieldNotes)
      .map(([value, note]) => ({ value, count: 0, note }))
      .filter(({ value }) => value.startsWith(prefix));
  const values: Readonly<Record<string, readonly string[]>> = {
    ns: [...new Set(actors.map(({ namespace }) => namespace))],
    cluster: [...new Set(actors.map(({ cluster }) => cluster))],
    node: [...new Set(actors.map(({ node }) => node))],
    verdict: ["allow", "deny", "unknown"],
    port: ["80", "443", "5432", "6379", "8080"],
    process: [...new Set(actors.map(({ process }) => process))],
    proto: ["tcp", "udp"],
    kind: [...new Set(actors.map(({ kind }) => kind))],
    rcode: ["NOERROR", "NXDOMAIN"],
    mock: ["forbidden", "unavailable", "partial", "empty", "slow", "young", "blind", "calm", "large"],
  };
  const all = values[field] ?? actors.map(({ name }) => name);
  return all
    .filter((value) => value.toLowerCase().startsWith(prefix))
    .map((value, index) => ({ value, count: 4200 - index * 317 }));
}

export const answers: Partial<Record<OperationName, (asked: Asked) => unknown>> = {
  me: () => ({ user: "admin", role: "admin", credential: "session" }),
  createSession: () => ({ user: "admin", role: "admin", credential: "session" }),
  deleteSession: () => ({}),
  status: ({ nowMs }) => status(nowMs),
  listGaps: (asked) => ({ rows: gapsIn(spanOf(asked), asked.nowMs) }),
  listFlows: (asked) => rowsOf(asked, flowNumbered, () => true),
  listEvents: (asked) => rowsOf(asked, eventNumbered, kindsFilter(asked)),
  flowTimeline: timeline,
  listWorkloads: workloads,
  getWorkload: (asked) => ({ workload: workloadOf(actorOf(asked), asked.nowMs), window: windowOf(asked) }),
  workloadPeers: (asked) => ({ peers: peersOf(actorOf(asked), asked.nowMs), omitted: 0, window: windowOf(asked) }),
  workloadProcesses: (asked) => ({
    processes: processesOf(actorOf(asked), asked.nowMs),
    omitted: 0,
    window: windowOf(asked),
  }),
  workloadDns: (asked) => ({ names: dnsNames(actorOf(asked), asked.nowMs), omitted: 0, window: windowOf(asked) }),
  hints: (asked) => ({ hints: hints(asked) }),
  ...accessAnswers,
  ...keptResources,
  ...inventoryAnswers,
  ...overviewAnswers,
  ...graphAnswers,
  ...policyAnswers,
  ...baselineAnswers,
  ...wafAnswers,
  ...sinkAnswers,
  ...detectionAnswers,
  ...layerAnswers,
  ...imageAnswers,
  ...imageExtraAnswers,
  healthz: () => ({ ok: true }),
};

/** New rows since the last look, for the streams. */
export function newRows(stream: "flows" | "events", asked: Asked, fromMs: number): readonly object[] {
  const matches = matcherOf(asked.query["q"] ?? "");
  const keep = kindsFilter(asked);
  const rows: object[] = [];
  for (let time = (Math.floor(fromMs / stepMs) + 1) * stepMs; time <= asked.nowMs; time += stepMs) {
    const row = stream === "flows" ? flowNumbered(numberOf(time), time) : eventNumbered(numberOf(time), time);
    if ((stream === "flows" || keep(row)) && matches(row)) rows.push(row);
  }
  return rows;
}

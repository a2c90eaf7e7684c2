// The mock's answers about baselines: one workload learns, one drifts from its frozen copy, one protects in a dry run. Steps are kept while it runs.
import type { BaselineKey, BaselineStep, Ladder } from "../src/features/baselines/baseline-words.ts";
import { Baseline, baselineItemKinds, type BaselineItemKind } from "../../src/model/baseline.ts";
import { refuseBySentinel, windowOf, type Asked } from "./asked.ts";
import { Refusal } from "./refusal.ts";

const iso = (ms: number): string => new Date(ms).toISOString();
const hour = 3_600_000;
const imageDigest = "sha256:3f2a91bc04de77aa";

const seen: readonly (readonly [BaselineItemKind, string, number])[] = [
  ["executables", "/usr/sbin/nginx", 90],
  ["executables", "/bin/sh", 90],
  ["executables", "/usr/bin/curl", 2],
  ["parents", "runtime -> /usr/sbin/nginx", 90],
  ["parents", "sh -> /usr/bin/curl", 2],
  ["reads", "/etc/nginx/", 90],
  ["writes", "/var/cache/nginx/*/", 80],
  ["loads", "/usr/lib/x86_64-linux-gnu/", 90],
  ["destinations", "workload shop/db 5432/tcp", 90],
  ["listens", "8080/tcp", 90],
  ["domains", "stripe.com", 70],
];

interface World {
  step: BaselineStep;
  dryRun: boolean;
  generation: number;
  accepted: string[];
}

const worlds: Readonly<Record<string, World>> = {
  checkout: { step: "monitoring", dryRun: true, generation: 3, accepted: [] },
  cart: { step: "learning", dryRun: true, generation: 0, accepted: [] },
  payments: { step: "protecting", dryRun: true, generation: 5, accepted: [] },
};

function worldOf(workload: string): World {
  const world = worlds[workload];
  if (world !== undefined) return world;
  throw new Refusal(`nothing was seen of ${workload}`, { code: "baselines/not-seen", kind: "not-found" });
}

function driftOf(workload: string, nowMs: number) {
  const world = worldOf(workload);
  if (workload !== "checkout" || world.step === "learning") return [];
  const item = "/usr/bin/nc";
  const times = { firstSeen: iso(nowMs - hour), lastSeen: iso(nowMs - 90_000) };
  const evidence = `${iso(nowMs - 90_000)} exec: /usr/bin/nc -l -p 4444 (parent sh)`;
  const what = { kind: "executables" as const, item, severity: "medium", count: 12, process: "nc", action: "detected" };
  return [{ ...what, ...times, evidence, isAccepted: world.accepted.includes(item) }];
}

function ladderOf(workload: string, nowMs: number): Ladder {
  const { step, dryRun, generation } = worldOf(workload);
  const drift = driftOf(workload, nowMs).filter(({ isAccepted }) => !isAccepted);
  const isYoung = step === "learning";
  const held = { scope: "cluster/local", name: `shop-${workload}.deployment.3f2a91bc04de`, generation, dryRun };
  const counts = Object.fromEntries(
    baselineItemKinds.map((kind) => [kind, seen.filter(([each]) => each === kind).length]),
  ) as Ladder["seen"];
  return {
    cluster: "local",
    namespace: "shop",
    kind: "Deployment",
    workload,
    imageDigest,
    image: `registry.shop.example/${workload}:2.4`,
    service: workload,
    step,
    ...(isYoung ? {} : { baseline: held }),
    otherImages: 0,
    confidence: {
      score: isYoung ? 24 : 92,
      level: isYoung ? "low" : "high",
      hours: isYoung ? 5 : 90,
      replicas: 3,
      restarts: isYoung ? 0 : 4,
      quietHours: isYoung ? 0 : 20,
      because: [isYoung ? "no start was seen: what happens only at a start is not learnt" : "nothing new for 20 h"],
    },
    seen: counts,
    drift: drift.length,
    ...(drift[0] === undefined ? {} : { driftLastAt: drift[0].lastSeen }),
    nodesJudging: isYoung || workload === "payments" ? 0 : 1,
    firstSeen: iso(nowMs - 100 * hour),
    lastSeen: iso(nowMs - 20_000),
  };
}

function specOf(workload: string): Baseline {
  const { step, dryRun } = worldOf(workload);
  const items = Object.fromEntries(
    baselineItemKinds.map((kind) => [kind, seen.filter(([each]) => each === kind).map(([, item]) => item)]),
  );
  const target = { namespace: "shop", workload, kind: "Deployment", imageDigest };
  return Baseline.parse({ target, mode: step === "protecting" ? "protecting" : "monitoring", dryRun, items });
}

function detail(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  const { query, nowMs } = asked;
  const workload = query["workload"] ?? "";
  const ladder = ladderOf(workload, nowMs);
  const items = seen.map(([kind, item, hours]) => ({
    kind,
    item,
    firstSeen: iso(nowMs - hours * hour),
    lastSeen: iso(nowMs - 60_000),
    count: hours * 7,
    replicas: 3,
    inBaseline: true,
    isNew: hours < 24,
  }));
  const isOutside = driftOf(workload, nowMs).some(({ isAccepted }) => !isAccepted);
  const outside = { ...items[0], kind: "executables", item: "/usr/bin/nc", inBaseline: false, isNew: true };
  const name = ladder.baseline?.name ?? `shop-${workload}.deployment.3f2a91bc04de`;
  const nodes = [{ node: "worker-1", state: "applied", generation: ladder.baseline?.generation ?? 0, because: "" }];
  return {
    ladder,
    items: isOutside ? [...items, outside] : items,
    cut: [],
    drift: driftOf(workload, nowMs),
    driftOmitted: 0,
    judged: specOf(workload).judged,
    nodes: ladder.nodesJudging === 0 ? [] : nodes,
    manifest: { apiVersion: "garrison/v1", kind: "Baseline", scope: "cluster/local", name, spec: specOf(workload) },
    window: windowOf(asked),
  };
}

function preview(asked: Asked) {
  const { query, nowMs } = asked;
  const workload = query["workload"] ?? "";
  const open = driftOf(workload, nowMs).filter(({ isAccepted }) => !isAccepted);
  const outside = open.map(({ kind, item, count, lastSeen }) => ({ kind, item, count, lastSeen }));
  return {
    to: query["to"],
    items: specOf(workload).items,
    wouldDrift: outside,
    wouldDriftOmitted: 0,
    suspects: [],
    suspectsOmitted: 0,
    wouldKill: outside,
    newInLastDay: [{ kind: "executables", item: "/usr/bin/curl", count: 14, lastSeen: iso(nowMs - 60_000) }],
    newInLastDayOmitted: 0,
    confidence: ladderOf(workload, nowMs).confidence,
    cautions: ["1 thing came new within the last day: it still learns"],
    window: windowOf(asked),
  };
}

function changed({ body, nowMs }: Asked, change: (world: World, given: Given) => void) {
  const given = body as Given;
  const world = worldOf(given.workload);
  change(world, given);
  world.generation += 1;
  const { baseline } = ladderOf(given.workload, nowMs);
  const name = baseline?.name ?? `shop-${given.workload}.deployment.3f2a91bc04de`;
  const kept = { scope: "cluster/local", name, generation: world.generation, author: "admin", time: iso(nowMs) };
  return {
    resource: { apiVersion: "garrison/v1", kind: "Baseline", ...kept, deleted: false, spec: specOf(given.workload) },
  };
}

interface Given extends BaselineKey {
  readonly to: BaselineStep;
  readonly dryRun?: boolean;
  readonly items: readonly { readonly item: string }[];
}

export const baselineAnswers = {
  listBaselines: (asked: Asked) => {
    refuseBySentinel(asked.sentinel);
    const workloads = asked.sentinel === "empty" ? [] : Object.keys(worlds);
    return { rows: workloads.map((workload) => ladderOf(workload, asked.nowMs)), omitted: 0, window: windowOf(asked) };
  },
  getBaseline: detail,
  previewBaseline: preview,
  promoteBaseline: (asked: Asked) =>
    changed(asked, (world, { to, dryRun = true }) => {
      world.step = to;
      world.dryRun = dryRun;
    }),
  demoteBaseline: (asked: Asked) =>
    changed(asked, (world, { to }) => {
      world.step = to;
      world.dryRun = true;
    }),
  acceptDrift: (asked: Asked) => ({
    ...changed(asked, (world, { items }) => {
      world.accepted.push(...items.map(({ item }) => item));
    }),
    added: (asked.body as Given).items.length,
  }),
  learnBaseline: ({ body }: Asked) => ({
    spec: specOf((body as Given).workload),
    added: [],
    removed: [],
    ageOutBecause: "",
  }),
};

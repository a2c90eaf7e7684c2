// The WAF board: sums of the window's events, with the mode that each workload has now and the gateways that look.
import type { Clock } from "../../../base/clock.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import type { Queries } from "../../../edge/store/queries/queries.ts";
import type { Node } from "../../../model/node.ts";
import { wafLimits, type waf } from "../contract/waf.ts";
import type { QueryOf, ResponseOf } from "../contract/endpoint.ts";
import { nodeOf } from "../nodes.ts";
import { type AskedWorkload, floorOf, type KeptPolicy, keptPolicies, modeOf, type ModeSaid } from "./modes.ts";

export interface WafBoardParts {
  readonly state: Pick<StateStore, "agents" | "resources">;
  readonly queries: Pick<Queries, "wafSums" | "wafModeSums" | "wafRequest">;
  readonly clock: Clock;
}

type Board = ResponseOf<(typeof waf)["wafBoard"]>;
type Row = Board["workloads"][number];
const none = { blocked: 0, detected: 0, logged: 0, failed: 0 };

export async function wafBoard(
  parts: WafBoardParts,
  query: { readonly q: string; readonly since?: string | undefined; readonly until?: string | undefined },
): Promise<Board> {
  const { since, until } = query;
  const [sums, resources, floors, nodes] = await Promise.all([
    parts.queries.wafSums({
      q: query.q,
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    }),
    parts.state.resources.list("WafPolicy"),
    parts.state.resources.list("WafFloor"),
    gatewayNodes(parts),
  ]);
  const policies = keptPolicies(resources);
  const said = (asked: AskedWorkload) => modeOf({ policies, floor: floorOf(floors, asked.cluster) }, asked);
  const workloads = sums.workloads.map(({ reason, newestMode, ...row }): Row => ({
    ...row,
    ...completed(said(row), reason, newestMode),
  }));
  // A filter asks for what events say; policies without events stand beside them only while nothing is asked.
  const silent = query.q.trim() === "" ? policiesWithoutEvents(policies, workloads, said) : [];
  const all = [...workloads, ...silent];
  const totals = sums.buckets.reduce(
    (sum, { counts }) => ({
      blocked: sum.blocked + counts.blocked,
      detected: sum.detected + counts.detected,
      logged: sum.logged + counts.logged,
      failed: sum.failed + counts.failed,
    }),
    none,
  );
  return {
    totals,
    buckets: filled(sums.buckets, sums.bucketSeconds, sums.window),
    bucketSeconds: sums.bucketSeconds,
    rules: sums.rules,
    rulesOmitted: sums.rulesOmitted,
    sources: sums.sources,
    sourcesOmitted: sums.sourcesOmitted,
    workloads: all.slice(0, wafLimits.workloadsMax),
    workloadsOmitted: sums.workloadsOmitted + Math.max(0, all.length - wafLimits.workloadsMax),
    gateways: nodes.slice(0, wafLimits.gatewaysMax).map(gatewayOf),
    window: sums.window,
  };
}

/** Without a policy the gateway's own settings hold: its newest event tells them. */
function completed(said: ModeSaid, reason: string, newestMode: ModeSaid["mode"]): ModeSaid {
  if (said.mode === "unknown" && reason !== "") return { ...said, because: reason };
  if (said.policies.length > 0 || said.mode !== "off") return said;
  return { ...said, mode: newestMode, because: "no policy selects it: its gateway's own settings hold" };
}

/** Policies that name one workload which no event speaks of. */
function policiesWithoutEvents(
  policies: readonly KeptPolicy[],
  rows: readonly Row[],
  said: (asked: AskedWorkload) => ModeSaid,
): Row[] {
  const seen = new Set(rows.map(({ cluster, namespace, workload }) => JSON.stringify([cluster, namespace, workload])));
  const found = new Map<string, Row>();
  for (const { scope, spec } of policies) {
    const { namespace, workload } = spec.target;
    const cluster = scope.split("/")[1] ?? "";
    const key = JSON.stringify([cluster, namespace, workload]);
    if (workload === "" || namespace === "" || cluster === "" || seen.has(key) || found.has(key)) continue;
    const asked = { cluster, namespace, workload, service: "" };
    found.set(key, { ...asked, workloadKind: "Unknown", counts: none, topRule: 0, ...said(asked) });
  }
  return [...found.values()];
}

/** Steps without events are 0, not missing: the chart shows the whole window. */
function filled(buckets: Board["buckets"], seconds: number, window: Board["window"]): Board["buckets"] {
  const stepMs = seconds * 1000;
  const known = new Map(buckets.map((bucket) => [Date.parse(bucket.at), bucket]));
  const steps: Board["buckets"] = [];
  const untilMs = Date.parse(window.until);
  for (let atMs = Math.floor(Date.parse(window.since) / stepMs) * stepMs; atMs < untilMs; atMs += stepMs)
    steps.push(known.get(atMs) ?? { at: new Date(atMs).toISOString(), counts: none });
  return steps;
}

/** Agents that say they are gateways. */
async function gatewayNodes({ state, clock }: WafBoardParts): Promise<readonly Node[]> {
  const nowMs = clock.nowMs();
  return (await state.agents.list())
    .map((agent) => nodeOf(agent, nowMs))
    .filter(({ gateway, state: now }) => gateway !== undefined && now !== "revoked");
}

function gatewayOf({ cluster, name, state, lastSeenAt, gateway }: Node): Board["gateways"][number] {
  const { ruleSet = "", rules = 0, ruleSetProblem = "", workers = 0, requests = 0, notInspected = 0 } = gateway ?? {};
  return {
    cluster,
    node: name,
    isConnected: state === "connected",
    seenAt: lastSeenAt,
    ruleSet,
    rules,
    ruleSetProblem,
    workers,
    requests,
    notInspected,
  };
}

/** What blocking would have stopped, and for how long anybody looked: what no event tells is not taken for calm. */
export async function wafModePreview(
  parts: WafBoardParts,
  query: QueryOf<(typeof waf)["wafModePreview"]>,
): Promise<ResponseOf<(typeof waf)["wafModePreview"]>> {
  const { cluster, namespace, workload, since, until } = query;
  const [sums, nodes] = await Promise.all([
    parts.queries.wafModeSums({
      cluster,
      namespace,
      workload,
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    }),
    gatewayNodes(parts),
  ]);
  const startsMs = nodes
    .filter((node) => node.cluster === cluster && node.state === "connected")
    .map(({ startedAt }) => Date.parse(startedAt));
  const untilMs = Math.min(sums.lookedAt.untilMs, parts.clock.nowMs());
  const watchedSinceMs = Math.max(Math.min(...startsMs), sums.lookedAt.sinceMs);
  const isWatched = startsMs.length > 0 && sums.spoken > 0;
  return {
    wouldBlock: sums.requests,
    sources: sums.sources,
    groups: sums.groups,
    groupsOmitted: sums.groupsOmitted,
    observedSeconds: isWatched ? Math.max(0, Math.round((untilMs - watchedSinceMs) / 1000)) : 0,
    window: sums.window,
  };
}

// Numbers of a window for boards and policies' pages: connections by rule as agents reported them, and recorded flows with what today's rules
// say of them. Asked of the store once for those who ask at the same time.
import type { Clock } from "../../../base/clock.ts";
import { toFault } from "../../../base/fault.ts";
import type { RecordedFlow } from "../../../core/policy/world.ts";
import type { PolicyFlowKeys, PolicyRuleCounts, Queries, Window } from "../../../edge/store/queries/queries.ts";
import type { FlowsLookedAt, PolicyCounts } from "../contract/policy-shapes.ts";
import type { ClusterPolicies } from "./desk.ts";
import { policyDeskLimits } from "./limits.ts";
import { type EndBook, recordedFlowOf } from "./recorded-flows.ts";
import { type CountOptions, judge, type Tally } from "./tally.ts";

export interface WindowAsked {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** Two ways of counting, each with why it may say nothing. */
export interface ClusterCounts {
  readonly reported: {
    readonly tally: Tally;
    readonly staged: Tally;
    readonly options: CountOptions;
    readonly stagedUnknown: string;
  };
  readonly judged: { readonly tally: Tally; readonly options: CountOptions };
}

export interface WindowCounts {
  readonly byCluster: ReadonlyMap<string, ClusterCounts>;
  readonly window: Window;
}

const nothing: Tally = { byRule: new Map(), unmatched: new Map(), byTier: new Map() };

export interface CountParts {
  readonly queries: Pick<Queries, "policyFlowKeys" | "policyRuleCounts">;
  readonly clock: Clock;
}

export interface CountBook {
  of(clusters: readonly ClusterPolicies[], asked: WindowAsked): Promise<WindowCounts>;
}

/** Remembers answers for `countsKeptMs`: make one per server. */
export function countBook({ queries, clock }: CountParts): CountBook {
  const remember = memory(clock);
  async function judgedAll(all: readonly ClusterPolicies[], asked: WindowAsked): Promise<ClusterCounts["judged"][]> {
    const judged: ClusterCounts["judged"][] = [];
    // One after the other: a board of many clusters is one question of many.
    for (const policies of all) {
      const key = JSON.stringify(["judged", policies.cluster, policies.engine.version, asked]);
      judged.push(await remember(key, () => judgedOf(queries, policies, asked)));
    }
    return judged;
  }
  return {
    async of(all, asked) {
      const clusters = all.map(({ cluster }) => cluster);
      const [found, judged] = await Promise.all([
        remember(JSON.stringify(["rules", clusters, asked]), () => queries.policyRuleCounts({ ...asked, clusters })),
        judgedAll(all, asked),
      ]);
      const byCluster = clusters.map((cluster, index): [string, ClusterCounts] => [
        cluster,
        { reported: reportedOf(found, cluster), judged: judged[index] ?? { tally: nothing, options: noOptions } },
      ]);
      return { byCluster: new Map(byCluster), window: found.window };
    },
  };
}

const noOptions: CountOptions = { unknown: "", because: "", withUnmatched: true };

function reportedOf(found: PolicyRuleCounts, cluster: string): ClusterCounts["reported"] {
  const told = found.reporters.some((reporter) => reporter.cluster === cluster);
  const of = (isStaged: boolean): Tally => ({
    ...nothing,
    byRule: new Map(
      found.rules
        .filter((rule) => rule.cluster === cluster && rule.isStaged === isStaged)
        .map(({ ruleId, connections }) => [ruleId, connections]),
    ),
  });
  const unknown = told ? "" : "no agent told which policies judged a flow in this window";
  const because = [found.cut, found.window.partialBecause].filter((text) => text !== "").join("; ");
  return {
    tally: of(false),
    staged: of(true),
    options: { unknown, because, withUnmatched: false },
    stagedUnknown: unknown || (found.cut === "" ? "" : "what staged policies would decide is kept for a day only"),
  };
}

/** A store that cannot say leaves the judged numbers unknown: the board is worth showing without them. */
async function judgedOf(
  queries: CountParts["queries"],
  policies: ClusterPolicies,
  asked: WindowAsked,
): Promise<ClusterCounts["judged"]> {
  const options = noOptions;
  if (policies.parsed.set.policies.length === 0) return { tally: nothing, options };
  try {
    const { flows, because } = await recordedFlows(queries, policies, {
      ...asked,
      q: "",
      limit: policyDeskLimits.judgedFlowsMax,
    });
    return { tally: judge(policies.engine, flows), options: { ...options, because } };
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.kind === "usage") throw fault;
    return { tally: nothing, options: { ...options, unknown: fault.message } };
  }
}

export interface FlowsAsked extends WindowAsked {
  readonly q: string;
  readonly limit: number;
}

export interface RecordedFlows {
  readonly flows: readonly RecordedFlow[];
  readonly looked: FlowsLookedAt;
  readonly window: Window;
  /** Why they may not be all; "" when they are. */
  readonly because: string;
}

export async function recordedFlows(
  queries: Pick<Queries, "policyFlowKeys">,
  { cluster, book }: Pick<ClusterPolicies, "cluster" | "book">,
  asked: FlowsAsked,
): Promise<RecordedFlows> {
  return flowsFrom(await queries.policyFlowKeys({ ...asked, cluster }), book);
}

function flowsFrom({ keys, omitted, window }: PolicyFlowKeys, book: EndBook): RecordedFlows {
  const flows: RecordedFlow[] = [];
  let connections = 0;
  for (const key of keys) {
    const flow = recordedFlowOf(book, key);
    if (flow === undefined) continue;
    flows.push(flow);
    connections += flow.connections;
  }
  const nameless = keys.length - flows.length;
  const because = [
    window.partialBecause,
    omitted > 0 ? `${omitted} less busy keys of flows were not looked at` : "",
    nameless > 0 ? `${nameless} keys of flows name neither a pod of today nor an address` : "",
  ];
  return {
    flows,
    looked: { keys: flows.length, connections, omitted: omitted + nameless },
    window,
    because: because.filter((text) => text !== "").join("; "),
  };
}

function memory(clock: Clock) {
  const kept = new Map<string, { readonly atMs: number; readonly answer: Promise<unknown> }>();
  return function remember<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const nowMs = clock.nowMs();
    for (const [old, { atMs }] of kept) if (nowMs - atMs >= policyDeskLimits.countsKeptMs) kept.delete(old);
    const found = kept.get(key);
    // The key says which question it was, so the answer has its type.
    if (found !== undefined) return found.answer as Promise<T>;
    const answer = ask();
    answer.catch(() => kept.delete(key));
    if (kept.size < policyDeskLimits.countsMax) kept.set(key, { atMs: nowMs, answer });
    return answer;
  };
}

/** The tier's end: connections that it denied. */
export function endCounts(tier: string, { tally, options }: ClusterCounts["judged"]): PolicyCounts {
  if (options.unknown !== "") return { because: options.unknown };
  return { denied: tally.byTier.get(tier) ?? 0, because: options.because };
}

// The ladder: every workload and image with its step, how far its learning can be believed, what was seen of it and what drifted.
import type { Clock } from "../../../base/clock.ts";
import { formatInstant } from "../../../base/instant.ts";
import { confidenceOf, type Confidence } from "../../../core/baseline/confidence.ts";
import { foldFacts, type BaselineFact } from "../../../core/baseline/facts.ts";
import { compileBaseline } from "../../../core/baseline/judge.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import type {
  BaselineSums,
  BaselineWorkload,
  DriftSum,
  WorkloadLife,
} from "../../../edge/store/queries/baselines-nouns.ts";
import type { Queries } from "../../../edge/store/queries/queries.ts";
import { type BaselineItemKind, BaselineItemKind as ItemKind, baselineItemKinds } from "../../../model/baseline.ts";
import { baselineLimits, type baselines } from "../contract/baselines.ts";
import type { QueryOf, ResponseOf } from "../contract/endpoint.ts";
import {
  baselineFor,
  type Judging,
  judgingIn,
  type KeptBaseline,
  keptBaselines,
  otherImages,
} from "./baseline-kept.ts";

export interface BaselineParts {
  readonly state: Pick<StateStore, "resources">;
  readonly queries: Pick<Queries, "baselineSums" | "baselineDrift" | "baselineAlarms">;
  readonly clock: Clock;
}

export type Ladder = ResponseOf<(typeof baselines)["listBaselines"]>["rows"][number];

/** Everything that is known of one workload of one image. */
export interface Known {
  readonly life: WorkloadLife;
  /** Folded as a baseline would hold them. */
  readonly facts: readonly BaselineFact[];
  readonly held: KeptBaseline | undefined;
  readonly drift: readonly DriftSum[];
  readonly confidence: Confidence;
  readonly isSeen: boolean;
}

const driftOfListMax = 5000;
/** Confidence comes from all but reads, which are most of what is done. */
const listedKinds = baselineItemKinds.filter((kind) => kind !== "reads");

export function keyOf({ cluster, namespace, kind, workload, imageDigest }: BaselineWorkload): string {
  return JSON.stringify([cluster, namespace, kind, workload, imageDigest]);
}

export async function listBaselines(
  parts: BaselineParts,
  query: QueryOf<(typeof baselines)["listBaselines"]>,
): Promise<ResponseOf<(typeof baselines)["listBaselines"]>> {
  const { cluster, namespace, workload, since, until } = query;
  const of = {
    ...(cluster === undefined ? {} : { cluster }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(workload === undefined ? {} : { workload }),
  };
  const window = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
  const [sums, drifted, kept] = await Promise.all([
    parts.queries.baselineSums({ of, kinds: listedKinds, ...window }),
    parts.queries.baselineDrift({ of, ...window, limit: driftOfListMax }),
    keptBaselines(parts.state),
  ]);
  const lives = sums.lives.map((life) => life.cluster);
  const judging = await judgingIn(parts.state, [...lives, ...kept.flatMap(({ scope }) => scope.split("/")[1] ?? [])]);
  const found = { kept, judging, kinds: listedKinds };
  const facts = Map.groupBy(sums.facts, keyOf);
  const drift = Map.groupBy(drifted.drift, keyOf);
  const seen = sums.lives.map((life) => {
    const key = keyOf(life);
    const own = (facts.get(key) ?? []).map(({ fact }) => fact);
    return ladderOf(knownOf(parts, { life, facts: own, kept, drift: drift.get(key) ?? [], sums }), found);
  });
  const unseen = unseenOf(kept, seen, of).map((life) => {
    const own = drift.get(keyOf(life)) ?? [];
    return ladderOf(knownOf(parts, { life, facts: [], kept, drift: own, sums, isSeen: false }), found);
  });
  const rows = [...seen, ...unseen].toSorted(byNeed);
  return {
    rows: rows.slice(0, baselineLimits.laddersMax),
    omitted: sums.livesOmitted + Math.max(0, rows.length - baselineLimits.laddersMax),
    window: { ...sums.window, partialBecause: becauseOf(sums), partial: becauseOf(sums) !== "" },
  };
}

/** What drifted first, then by place and name. */
function byNeed(one: Ladder, other: Ladder): number {
  const place = (row: Ladder): string =>
    `${row.cluster}/${row.namespace}/${row.workload}/${row.kind}/${row.imageDigest}`;
  return other.drift - one.drift || (place(one) < place(other) ? -1 : 1);
}

export interface Gathered {
  readonly life: WorkloadLife;
  readonly facts: readonly BaselineFact[];
  readonly kept: readonly KeptBaseline[];
  readonly drift: readonly DriftSum[];
  readonly sums: Pick<BaselineSums, "cut" | "window">;
  readonly isSeen?: boolean;
}

export function knownOf({ clock }: Pick<BaselineParts, "clock">, gathered: Gathered): Known {
  const { life, kept, drift, sums, isSeen = true } = gathered;
  const facts = foldFacts(gathered.facts);
  const newestItemMs = Math.max(0, ...facts.filter(({ kind }) => kind !== "reads").map(({ firstMs }) => firstMs));
  const confidence = confidenceOf({
    hours: life.hours,
    replicas: life.replicas,
    restarts: life.starts,
    firstMs: life.firstMs,
    newestItemMs,
    nowMs: clock.nowMs(),
    incomplete: becauseOf(sums),
  });
  return { life, facts, held: baselineFor(kept, life), drift, confidence, isSeen };
}

export function becauseOf({ cut, window }: Pick<BaselineSums, "cut" | "window">): string {
  const cuts = cut.map(({ kind, because }) => `${kind}: ${because}`);
  return [...new Set([window.partialBecause, ...cuts].filter((text) => text !== ""))].join("; ");
}

interface Found {
  readonly kept: readonly KeptBaseline[];
  readonly judging: Judging;
  /** Those that were looked at. */
  readonly kinds: readonly BaselineItemKind[];
}

export function ladderOf(known: Known, { kept, judging, kinds }: Found): Ladder {
  const { life, facts, held, confidence } = known;
  const open = openDrift(known);
  const { cluster, namespace, kind, workload, imageDigest, image, service } = life;
  return {
    cluster,
    namespace,
    kind,
    workload,
    imageDigest,
    image,
    service,
    step: held?.spec.mode ?? "learning",
    ...(held === undefined
      ? {}
      : { baseline: { scope: held.scope, name: held.name, generation: held.generation, dryRun: held.spec.dryRun } }),
    otherImages: otherImages(kept, life),
    confidence: { ...confidence, because: [...confidence.because] },
    seen: countsOf(facts, kinds),
    drift: open.length,
    ...(open.length === 0 ? {} : { driftLastAt: formatInstant(Math.max(...open.map(({ lastMs }) => lastMs))) }),
    nodesJudging: judging(cluster, held),
    firstSeen: formatInstant(life.firstMs),
    lastSeen: formatInstant(life.lastMs),
  };
}

function countsOf(facts: readonly BaselineFact[], kinds: readonly BaselineItemKind[]): Ladder["seen"] {
  return Object.fromEntries(
    kinds.map((kind) => [kind, facts.filter((fact) => fact.kind === kind).length]),
  ) as Ladder["seen"];
}

/** Drift that the baseline of today still does not cover. */
export function openDrift({ held, drift }: Known): readonly (DriftSum & { readonly itemKind: BaselineItemKind })[] {
  if (held === undefined) return [];
  const compiled = compileBaseline(held.spec);
  return namedDrift(drift).filter(({ itemKind, item }) => !compiled.covers(itemKind, item));
}

/** Without the sums of what agents did not tell one by one. */
export function namedDrift(
  drift: readonly DriftSum[],
): readonly (DriftSum & { readonly itemKind: BaselineItemKind })[] {
  return drift.flatMap((sum) => {
    const kind = ItemKind.safeParse(sum.itemKind);
    return kind.success ? [{ ...sum, itemKind: kind.data }] : [];
  });
}

/** Baselines of workloads that did nothing in the window: they stay on the ladder. */
function unseenOf(
  kept: readonly KeptBaseline[],
  seen: readonly Ladder[],
  of: { readonly cluster?: string; readonly namespace?: string; readonly workload?: string },
): readonly WorkloadLife[] {
  const held = new Set(
    seen.flatMap(({ baseline }) => (baseline === undefined ? [] : [`${baseline.scope} ${baseline.name}`])),
  );
  return kept.flatMap(({ scope, name, spec: { target, learnt } }) => {
    const cluster = scope.split("/")[1] ?? "";
    const isAsked =
      (of.cluster ?? cluster) === cluster &&
      (of.namespace ?? target.namespace) === target.namespace &&
      (of.workload ?? target.workload) === target.workload;
    if (held.has(`${scope} ${name}`) || cluster === "" || !isAsked) return [];
    const atMs = learnt === undefined ? 0 : Date.parse(learnt.until);
    const { namespace, workload, kind = "Unknown", imageDigest, image } = target;
    return [
      {
        cluster,
        namespace,
        workload,
        kind,
        imageDigest,
        image,
        service: "",
        hours: 0,
        replicas: 0,
        starts: 0,
        firstMs: atMs,
        lastMs: atMs,
      },
    ];
  });
}

// One workload of one image: its items against the baseline, its drift, and what a step up would mean on the recorded rows.
import { Fault } from "../../../base/fault.ts";
import { formatInstant } from "../../../base/instant.ts";
import type { BaselineFact } from "../../../core/baseline/facts.ts";
import { compileBaseline } from "../../../core/baseline/judge.ts";
import { newFacts, proposeBaseline } from "../../../core/baseline/learn.ts";
import { baselineName } from "../../../core/baseline/name.ts";
import type { Suspicions } from "../../../core/baseline/suspects.ts";
import type { BaselineSums, BaselineWorkload } from "../../../edge/store/queries/baselines-nouns.ts";
import { type Baseline, baselineItemKinds, type BaselineMode } from "../../../model/baseline.ts";
import type { ResourceManifest } from "../../../model/resource.ts";
import { baselineLimits, type baselines } from "../contract/baselines.ts";
import type { QueryOf, ResponseOf } from "../contract/endpoint.ts";
import { type KeptBaseline, keptBaselines } from "./baseline-kept.ts";
import { newestFirst, suspectCautions, type SuspectsChoice, suspicionsFor } from "./baseline-suspects.ts";
import {
  type BaselineParts,
  becauseOf,
  type Known,
  knownOf,
  ladderOf,
  namedDrift,
  openDrift,
} from "./baseline-ladder.ts";

type Detail = ResponseOf<(typeof baselines)["getBaseline"]>;
type Preview = ResponseOf<(typeof baselines)["previewBaseline"]>;
type Item = Detail["items"][number];

export interface BaselineQuestion extends BaselineWorkload {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export interface Looked {
  readonly known: Known;
  readonly sums: BaselineSums;
  readonly kept: readonly KeptBaseline[];
  readonly driftOmitted: number;
  readonly suspicions: Suspicions;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The key of a question, with the defaults of its parts. */
export function ownerOf(query: Omit<QueryOf<(typeof baselines)["getBaseline"]>, "since" | "until">): BaselineWorkload {
  const { cluster, namespace = "", kind, workload, imageDigest = "" } = query;
  return { cluster, namespace, kind, workload, imageDigest };
}

/** Throws Fault "baselines/not-seen" for a workload that neither the window nor a baseline knows. */
export async function lookAt(parts: BaselineParts, { since, until, ...owner }: BaselineQuestion): Promise<Looked> {
  const window = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
  const [sums, drifted, alarmed, kept] = await Promise.all([
    parts.queries.baselineSums({ of: owner, ...window }),
    parts.queries.baselineDrift({ of: owner, ...window, limit: baselineLimits.driftMax }),
    parts.queries.baselineAlarms({ of: owner, ...window }),
    keptBaselines(parts.state),
  ]);
  const nothing = { image: "", service: "", hours: 0, replicas: 0, starts: 0, firstMs: 0, lastMs: 0 };
  const life = sums.lives[0] ?? { ...owner, ...nothing };
  const facts = sums.facts.map(({ fact }) => fact);
  const isSeen = sums.lives.length > 0;
  const known = knownOf(parts, { life, facts, kept, drift: drifted.drift, sums, isSeen });
  // An answer that was cut short says nothing of what it did not reach.
  if (!isSeen && known.held === undefined && sums.window.partial)
    throw new Fault(
      `it is not known what ${owner.kind} ${owner.namespace}/${owner.workload} did: ${sums.window.partialBecause}`,
      {
        code: "baselines/not-known",
        kind: "unavailable",
        hint: "the store is busy: ask again",
      },
    );
  if (!isSeen && known.held === undefined)
    throw new Fault(
      `nothing was seen of ${owner.kind} ${owner.namespace}/${owner.workload} with this image in the window`,
      {
        code: "baselines/not-seen",
        kind: "not-found",
        hint: "`garrison baseline list` shows what learns; look at a longer window (--since 7d)",
      },
    );
  const suspicions = await suspicionsFor(parts, known, { facts, alarms: alarmed.alarms });
  return { known, sums, kept, driftOmitted: drifted.omitted, suspicions };
}

export async function getBaseline(
  parts: BaselineParts,
  query: QueryOf<(typeof baselines)["getBaseline"]>,
): Promise<Detail> {
  const looked = await lookAt(parts, { ...ownerOf(query), since: query.since, until: query.until });
  const { known, sums, kept, driftOmitted } = looked;
  const manifest = manifestOf(looked);
  const statuses =
    known.held === undefined ? [] : await parts.state.resources.statusOf({ kind: "Baseline", ...known.held });
  const own = statuses.filter(({ cluster, state }) => cluster === query.cluster && state === "applied");
  const open = new Set(openDrift(known).map(({ itemKind, item }) => `${itemKind} ${item}`));
  return {
    ladder: ladderOf(known, { kept, judging: () => own.length, kinds: baselineItemKinds }),
    items: itemsOf(looked, parts.clock.nowMs()),
    cut: [...sums.cut],
    drift: namedDrift(known.drift).map(
      ({ itemKind, item, severity, count, firstMs, lastMs, process, evidence, action }) => ({
        kind: itemKind,
        item,
        severity,
        count,
        process,
        evidence,
        action,
        firstSeen: formatInstant(firstMs),
        lastSeen: formatInstant(lastMs),
        isAccepted: !open.has(`${itemKind} ${item}`),
      }),
    ),
    driftOmitted,
    judged: (known.held?.spec ?? proposalOf(looked)).judged,
    nodes: statuses.map(({ node, state, generation, because }) => ({ node, state, generation, because })),
    manifest,
    window: sums.window,
  };
}

/** The resource as it stands, or as promoting would make it. */
export function manifestOf(looked: Looked, suspects: SuspectsChoice = "leave-out"): ResourceManifest {
  const { held, life } = looked.known;
  const apiVersion = "garrison/v1" as const;
  if (held !== undefined) return { apiVersion, kind: "Baseline", scope: held.scope, name: held.name, spec: held.spec };
  const taken = new Set(looked.kept.map(({ name }) => name));
  const plain = baselineName(life);
  const name = taken.has(plain) ? `${plain.slice(0, 250)}-2` : plain;
  return { apiVersion, kind: "Baseline", scope: `cluster/${life.cluster}`, name, spec: proposalOf(looked, suspects) };
}

/** What freezing would make of it now. */
export function proposalOf(looked: Looked, suspects: SuspectsChoice = "leave-out"): Baseline {
  const { known, sums, suspicions } = looked;
  const { life, confidence } = known;
  const { namespace, workload, kind, imageDigest, image } = life;
  const out = new Set(suspects === "take" ? [] : suspicions.suspects.map(({ fact }) => `${fact.kind} ${fact.item}`));
  return proposeBaseline({
    target: { namespace, workload, kind, imageDigest, image },
    facts: sums.facts.flatMap(({ fact }) => (out.has(`${fact.kind} ${fact.item}`) ? [] : [fact])),
    sinceMs: sums.lookedAt.sinceMs,
    untilMs: sums.lookedAt.untilMs,
    confidence,
    cut: sums.cut.map((each) => each.kind),
  });
}

function itemsOf(looked: Looked, nowMs: number): Item[] {
  const { facts, held, life } = looked.known;
  const compiled = compileBaseline(held?.spec ?? proposalOf(looked));
  const accepted = new Map(held?.spec.accepted.map((each) => [`${each.kind} ${each.item}`, acceptedText(each)]));
  const known = new Set(facts.map(({ kind, item }) => `${kind} ${item}`));
  const rows = facts.map((fact): Item => ({
    kind: fact.kind,
    item: fact.item,
    count: fact.count,
    replicas: fact.replicas,
    firstSeen: formatInstant(fact.firstMs),
    lastSeen: formatInstant(fact.lastMs),
    inBaseline: compiled.covers(fact.kind, fact.item),
    isNew: fact.firstMs >= nowMs - dayMs && fact.firstMs > life.firstMs + hourMs,
    ...acceptedOf(accepted, fact),
  }));
  const silent = baselineItemKinds.flatMap((kind) =>
    (held?.spec.items[kind] ?? [])
      .filter((item) => !known.has(`${kind} ${item}`))
      .map((item): Item => ({
        kind,
        item,
        count: 0,
        replicas: 0,
        inBaseline: true,
        isNew: false,
        ...acceptedOf(accepted, { kind, item }),
      })),
  );
  const all = [...rows, ...silent];
  return baselineItemKinds.flatMap((kind) => all.filter((row) => row.kind === kind).slice(0, baselineLimits.itemsMax));
}

function acceptedOf(accepted: ReadonlyMap<string, string>, { kind, item }: Pick<Item, "kind" | "item">) {
  const text = accepted.get(`${kind} ${item}`);
  return text === undefined ? {} : { accepted: text };
}

function acceptedText({ reason, by, time }: Baseline["accepted"][number]): string {
  return [reason || "accepted", by === "" ? "" : `by ${by}`, time.slice(0, 10)]
    .filter((part) => part !== "")
    .join(", ");
}

/** Judged on what was recorded: with the baseline as it stands, or as freezing would make it now. */
export async function previewBaseline(
  parts: BaselineParts,
  query: QueryOf<(typeof baselines)["previewBaseline"]>,
): Promise<Preview> {
  const looked = await lookAt(parts, { ...ownerOf(query), since: query.since, until: query.until });
  const { known, sums } = looked;
  const spec = known.held?.spec ?? proposalOf(looked, query.suspects);
  const suspects = known.held === undefined ? looked.suspicions.suspects : [];
  const outside = newFacts(spec, known.facts).filter(({ kind }) => spec.judged.includes(kind));
  const endMs = Math.min(sums.lookedAt.untilMs, parts.clock.nowMs());
  const fresh = known.facts.filter(
    ({ kind, firstMs }) =>
      spec.judged.includes(kind) && firstMs >= endMs - dayMs && firstMs > known.life.firstMs + hourMs,
  );
  const { to } = query;
  const ended = outside.filter(({ kind }) => kind === "executables");
  return {
    to,
    items: spec.items,
    ...shown("wouldDrift", outside),
    wouldKill: ended.slice(0, baselineLimits.driftMax).map(previewItem),
    ...shown("newInLastDay", fresh),
    suspects: newestFirst(suspects)
      .slice(0, baselineLimits.driftMax)
      .map(({ fact, because }) => ({ ...previewItem(fact), because })),
    suspectsOmitted: Math.max(0, suspects.length - baselineLimits.driftMax),
    confidence: { ...known.confidence, because: [...known.confidence.because] },
    cautions: [
      ...(known.held === undefined ? suspectCautions(looked.suspicions, query.suspects) : []),
      ...cautionsOf(looked, { to, outside, freshCount: fresh.length, spec }),
    ],
    window: sums.window,
  } as Preview;
}

function shown(name: string, facts: readonly BaselineFact[]) {
  const most = facts.toSorted((one, other) => other.lastMs - one.lastMs);
  return {
    [name]: most.slice(0, baselineLimits.driftMax).map(previewItem),
    [`${name}Omitted`]: Math.max(0, facts.length - baselineLimits.driftMax),
  };
}

function previewItem({ kind, item, count, lastMs }: BaselineFact): Preview["wouldDrift"][number] {
  return { kind, item, count, lastSeen: formatInstant(lastMs) };
}

interface Step {
  readonly to: BaselineMode;
  readonly outside: readonly BaselineFact[];
  readonly freshCount: number;
  readonly spec: Baseline;
}

function cautionsOf({ known, sums }: Looked, { to, outside, freshCount, spec }: Step): string[] {
  const cautions: string[] = [];
  const { confidence, held, isSeen, life } = known;
  if (!isSeen) cautions.push("nothing was seen of it in this window: nothing can be said");
  if (confidence.level !== "high" && isSeen)
    cautions.push(`confidence is ${confidence.level} (${confidence.score} of 100): ${confidence.because[0] ?? ""}`);
  if (freshCount > 0)
    cautions.push(
      `${freshCount === 1 ? "1 thing" : `${freshCount} things`} came new within the last day: it still learns`,
    );
  const unjudged = baselineItemKinds.filter((kind) => kind !== "reads" && !spec.judged.includes(kind));
  if (unjudged.length > 0)
    cautions.push(`not judged, because nothing or not everything was seen of it: ${unjudged.join(", ")}`);
  if (becauseOf(sums) !== "") cautions.push(`not everything was looked at: ${becauseOf(sums)}`);
  if (to === "monitoring") return cautions;
  const ended = outside.filter(({ kind }) => kind === "executables");
  if (ended.length > 0)
    cautions.push(
      `${ended.length === 1 ? "1 program" : `${ended.length} programs`} of this window would have been ended: accept them first, or learn again`,
    );
  if (held === undefined) cautions.push("it is learning: freeze it first (monitoring), then protect");
  if (held !== undefined && !(held.spec.mode === "protecting" && held.spec.dryRun))
    cautions.push("the first step into protecting is a dry run: the kernel says what it would end, and ends nothing");
  if (life.imageDigest === "")
    cautions.push("it has no image digest: programs of a later version are outside this baseline too");
  return cautions;
}

// The steps of the ladder: freeze, protect, step down, accept drift, learn again. Each is a new version of the Baseline resource, written only when nobody changed it meanwhile.
import { Fault } from "../../../base/fault.ts";
import { agedOut, newFacts, withItems, withoutItems } from "../../../core/baseline/learn.ts";
import type { ItemOf } from "../../../core/baseline/row-items.ts";
import { Baseline, baselineItemKinds } from "../../../model/baseline.ts";
import type { Resource, ResourceManifest } from "../../../model/resource.ts";
import type { baselines } from "../contract/baselines.ts";
import type { BodyOf, ResponseOf } from "../contract/endpoint.ts";
import type { KeptBaseline } from "./baseline-kept.ts";
import { type Looked, lookAt, manifestOf, ownerOf, proposalOf } from "./baseline-detail.ts";
import type { BaselineParts } from "./baseline-ladder.ts";

type Body<Name extends keyof typeof baselines> = BodyOf<(typeof baselines)[Name]>;

const dayMs = 86_400_000;

/** Throws Fault "baselines/step" for a step that is not the next one, "baselines/dry-run-first" for ending programs without a dry run before. */
export async function promote(parts: BaselineParts, body: Body<"promoteBaseline">, author: string): Promise<Resource> {
  const looked = await lookAt(parts, { ...ownerOf(body), since: body.since, until: body.until });
  const { held, isSeen } = looked.known;
  const { to, dryRun = true } = body;
  if (to === "monitoring") {
    if (held?.spec.mode === "protecting")
      throw wrongStep(
        "it is protecting: that is above monitoring",
        "step down with `garrison baseline demote WORKLOAD --to monitoring`",
      );
    if (held === undefined && !isSeen)
      throw wrongStep("nothing was seen of it: there is nothing to freeze", "look at a longer window");
    return put(parts, manifestOf(looked, body.suspects), {
      author,
      ifGeneration: body.ifGeneration ?? held?.generation ?? 0,
    });
  }
  if (held === undefined)
    throw wrongStep(
      "it is learning: freeze it before it protects",
      "`garrison baseline promote WORKLOAD --to monitoring`, and look at its drift for a while",
    );
  if (held.spec.items.executables.length === 0)
    throw wrongStep("its baseline names no executables: nothing could run any more", "learn again while it runs");
  if (!dryRun && held.spec.mode !== "protecting")
    throw new Fault("a dry run comes first", {
      code: "baselines/dry-run-first",
      kind: "conflict",
      hint: "promote it with a dry run (the default), look at what would have been ended, then again, enforced (--enforce)",
    });
  const spec: Baseline = { ...held.spec, mode: "protecting", dryRun };
  return put(parts, manifestWith(held, spec), { author, ifGeneration: body.ifGeneration ?? held.generation });
}

export async function demote(parts: BaselineParts, body: Body<"demoteBaseline">, author: string): Promise<Resource> {
  const held = heldOf(await lookAt(parts, ownerOf(body)));
  if (body.to === "monitoring") {
    const spec: Baseline = { ...held.spec, mode: "monitoring", dryRun: true };
    return put(parts, manifestWith(held, spec), { author, ifGeneration: held.generation });
  }
  const removed = await parts.state.resources.remove({ kind: "Baseline", scope: held.scope, name: held.name }, author);
  if (removed === undefined) throw notHeld();
  return removed;
}

export async function accept(
  parts: BaselineParts,
  body: Body<"acceptDrift">,
  author: string,
): Promise<{ readonly resource: Resource; readonly added: number }> {
  const held = heldOf(await lookAt(parts, ownerOf(body)));
  const { items, added, full } = withItems(held.spec, body.items);
  if (full !== undefined) throw noRoom(full);
  const time = new Date(parts.clock.nowMs()).toISOString();
  const notes = added.map(({ kind, item }) => ({ kind, item, reason: body.reason ?? "", by: author, time }));
  const accepted = [...held.spec.accepted, ...notes].slice(-acceptedKept);
  const resource = await put(parts, manifestWith(held, { ...held.spec, items, accepted }), {
    author,
    ifGeneration: held.generation,
  });
  return { resource, added: added.length };
}

/** Of acceptances the newest are kept with their reasons; the items stay. */
const acceptedKept = 2000;

export async function learn(
  parts: BaselineParts,
  body: Body<"learnBaseline">,
  author: string,
): Promise<ResponseOf<(typeof baselines)["learnBaseline"]>> {
  const looked = await lookAt(parts, { ...ownerOf(body), since: body.since, until: body.until });
  const { held, facts, life } = looked.known;
  const proposal = proposalOf(looked);
  if (held === undefined) {
    if (body.dryRun === false)
      throw wrongStep("it is learning already", "freeze it with `garrison baseline promote WORKLOAD --to monitoring`");
    const all = baselineItemKinds.flatMap((kind) => proposal.items[kind].map((item) => ({ kind, item })));
    return { spec: proposal, added: all, removed: [], ageOutBecause: "" };
  }
  const { days, because } = ageOutOf(parts, looked, body.ageOutDays ?? 30);
  const removed = agedOut(held.spec, facts, {
    days,
    nowMs: parts.clock.nowMs(),
    observedFromMs: Math.max(life.firstMs, looked.sums.lookedAt.sinceMs),
    lastSeenMs: life.lastMs,
  }).filter(
    ({ kind }) => !looked.sums.cut.some((each) => each.kind === kind) && reachesBack(parts, looked, { kind, days }),
  );
  const wanted = newFacts(held.spec, facts).map(({ kind, item }): ItemOf => ({ kind, item }));
  const { items, added, full } = withItems({ ...held.spec, items: withoutItems(held.spec.items, removed) }, wanted);
  if (full !== undefined) throw noRoom(full);
  const judged = baselineItemKinds.filter(
    (kind) => held.spec.judged.includes(kind) || (proposal.judged.includes(kind) && held.spec.items[kind].length === 0),
  );
  const spec: Baseline = {
    ...held.spec,
    items,
    judged,
    ...(proposal.learnt === undefined ? {} : { learnt: proposal.learnt }),
  };
  const answer = { spec, added: [...added], removed: [...removed], ageOutBecause: because };
  if (body.dryRun !== false) return answer;
  const resource = await put(parts, manifestWith(held, spec), { author, ifGeneration: held.generation });
  return { ...answer, resource };
}

function ageOutOf(parts: BaselineParts, { known, sums }: Looked, days: number) {
  const sinceMs = Math.max(known.life.firstMs, sums.lookedAt.sinceMs);
  const lookedDays = Math.floor((parts.clock.nowMs() - sinceMs) / dayMs);
  const isShort = days > 0 && lookedDays < days;
  return {
    days,
    because: isShort ? `it was seen for ${lookedDays} days in this window, fewer than ${days}: nothing ages out` : "",
  };
}

/** Files are kept shorter than processes: of what the store forgot nothing can be said. */
function reachesBack(
  parts: BaselineParts,
  { sums }: Looked,
  asked: { readonly kind: ItemOf["kind"]; readonly days: number },
): boolean {
  const keptMs = sums.keptSinceMs[asked.kind];
  return keptMs !== undefined && keptMs <= parts.clock.nowMs() - asked.days * dayMs;
}

function heldOf({ known: { held } }: Looked): KeptBaseline {
  if (held === undefined) throw notHeld();
  return held;
}

function notHeld(): Fault {
  return new Fault("this workload has no baseline: it is learning", {
    code: "baselines/learning",
    kind: "not-found",
    hint: "freeze what it learnt: `garrison baseline promote WORKLOAD --to monitoring`",
  });
}

function wrongStep(message: string, hint: string): Fault {
  return new Fault(message, { code: "baselines/step", kind: "conflict", hint });
}

function noRoom(kind: string): Fault {
  return new Fault(`the baseline holds no more ${kind}`, {
    code: "baselines/full",
    kind: "limited",
    hint: "put a folder or a shorter suffix in place of many items (export, edit, import)",
  });
}

function manifestWith({ scope, name }: KeptBaseline, spec: Baseline): ResourceManifest {
  return { apiVersion: "garrison/v1", kind: "Baseline", scope, name, spec };
}

async function put(
  parts: BaselineParts,
  manifest: ResourceManifest,
  options: { readonly author: string; readonly ifGeneration: number },
): Promise<Resource> {
  const { resource } = await parts.state.resources.apply(manifest, { ...options, dryRun: false });
  return resource;
}

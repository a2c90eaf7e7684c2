// What a baseline should not learn without somebody's word: what drifted from the baseline before, and what came with an attack.
import { baselineName } from "../../../core/baseline/name.ts";
import type { BaselineFact } from "../../../core/baseline/facts.ts";
import { compileBaseline } from "../../../core/baseline/judge.ts";
import { type Alarm, type Suspect, type Suspicions, suspicionsOf } from "../../../core/baseline/suspects.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import { Baseline } from "../../../model/baseline.ts";
import { type Known, namedDrift } from "./baseline-ladder.ts";

export type SuspectsChoice = "leave-out" | "take";

const namesInCaution = 6;

/** Only of what still learns: a baseline that holds is changed by people, item by item. */
export async function suspicionsFor(
  { state }: { readonly state: Pick<StateStore, "resources"> },
  { held, life, drift }: Known,
  seen: { readonly facts: readonly BaselineFact[]; readonly alarms: readonly Alarm[] },
): Promise<Suspicions> {
  if (held !== undefined) return { suspects: [], known: [] };
  const key = { kind: "Baseline", scope: `cluster/${life.cluster}`, name: baselineName(life) };
  const before = (await state.resources.history(key)).flatMap(({ spec }) => Baseline.safeParse(spec).data ?? [])[0];
  const compiled = before === undefined ? undefined : compileBaseline(before);
  const open = namedDrift(drift).filter(({ itemKind, item }) => compiled?.covers(itemKind, item) !== true);
  return suspicionsOf(seen.facts, {
    drift: open.map(({ itemKind, item, lastMs }) => ({ kind: itemKind, item, lastMs })),
    alarms: seen.alarms,
    firstMs: life.firstMs,
  });
}

export function newestFirst(suspects: readonly Suspect[]): readonly Suspect[] {
  return suspects.toSorted((one, other) => other.fact.lastMs - one.fact.lastMs);
}

/** One sentence each, for whoever is about to freeze. */
export function suspectCautions(
  { suspects, known }: Suspicions,
  choice: SuspectsChoice | undefined,
): readonly string[] {
  const cautions: string[] = [];
  const [only] = suspects;
  if (only !== undefined) {
    const what = `${suspects.length === 1 ? "1 thing" : `${suspects.length} things`} came as drift or with a critical or high detection`;
    cautions.push(
      choice === "take"
        ? `${what}, and would be learnt all the same: ${namesOf(suspects)}`
        : `${what} and ${suspects.length === 1 ? "is" : "are"} left out: ${namesOf(suspects)}. Accept what belongs to it afterwards (garrison baseline accept), or take all (promote --take-suspects)`,
    );
  }
  if (known.length > 0)
    cautions.push(
      `a critical or high detection names what it did before too, which is learnt: ${namesOf(known)}; look at the detections first`,
    );
  return cautions;
}

function namesOf(suspects: readonly Suspect[]): string {
  const names = newestFirst(suspects).map(({ fact }) => `${fact.kind} ${fact.item}`);
  const more = names.length - namesInCaution;
  return names.slice(0, namesInCaution).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

// From detections of one rule to the narrowest exceptions that end its noise on one workload, with what each would have silenced.
import {
  comparisonOf,
  matches,
  noiseFieldNames,
  noiseValue,
  type NoiseDetection,
  type NoiseField,
  type NoiseFieldName,
} from "./noise-fields.ts";

export const suggestLimits = {
  suggestionsMax: 10,
  /** A field that has more values over the noise is not stable. */
  valuesMax: 5,
  /** Share of the noise whose field has a value. */
  knownShare: 0.95,
  /** Fewer are no noise. */
  detectionsMin: 3,
  daysMin: 2,
  /** So many are a habit even within one day. */
  burstMin: 10,
  othersMax: 20,
} as const;

export interface SuggestInput {
  readonly namespace: string;
  readonly workload: string;
  /** All detections of the rule in the window, of every workload of the cluster. */
  readonly detections: readonly NoiseDetection[];
  /** Ids that a person marked as real. */
  readonly real: ReadonlySet<string>;
  /** Processes of which other rules spoke, with the rank of the worst severity. */
  readonly spokenOf: ReadonlyMap<string, number>;
}

export interface Suggestion {
  readonly fields: readonly NoiseField[];
  readonly covers: number;
  readonly of: number;
  readonly silences: number;
  readonly ruleTotal: number;
  readonly others: readonly { readonly namespace: string; readonly workload: string; readonly count: number }[];
  readonly othersOmitted: number;
  readonly daysSeen: number;
  readonly because: string;
}

export interface Suggestions {
  readonly suggestions: readonly Suggestion[];
  readonly kept: readonly { readonly count: number; readonly because: string }[];
  /** Of the noise, by all suggestions together. */
  readonly covers: number;
  readonly of: number;
  readonly ruleTotal: number;
  /** Why there is nothing to suggest; "" when there is. */
  readonly because: string;
}

const dayMs = 86_400_000;
const sumOf = (detections: readonly NoiseDetection[]): number => detections.reduce((sum, { count }) => sum + count, 0);
const daysOf = (detections: readonly NoiseDetection[]): number =>
  new Set(detections.map(({ timeMs }) => Math.floor(timeMs / dayMs))).size;

export function suggestExceptions(input: SuggestInput): Suggestions {
  const { detections, namespace, workload } = input;
  const noise = detections.filter((each) => each.namespace === namespace && each.workload === workload);
  const nothing = { suggestions: [], kept: [], covers: 0, of: sumOf(noise), ruleTotal: sumOf(detections) };
  if (nothing.of < suggestLimits.detectionsMin)
    return { ...nothing, because: `${nothing.of} detections in this window are too few to tell a habit` };
  if (daysOf(noise) < suggestLimits.daysMin && nothing.of < suggestLimits.burstMin)
    return { ...nothing, because: "all of them came within one day: wait for a second one, or look at them singly" };
  const usual = usualRank(noise);
  const stable = stableFields(noise);
  const because = missingField(stable);
  if (because !== "") return { ...nothing, because };
  const kept = new Map<string, number>();
  const found: { readonly suggestion: Suggestion; readonly covered: readonly NoiseDetection[] }[] = [];
  for (const fields of tuplesOf(noise, stable)) {
    const silenced = detections.filter((each) => matches(each, fields));
    const covered = noise.filter((each) => matches(each, fields));
    const why = whyKept(silenced, input, usual);
    if (why === "") found.push({ covered, suggestion: suggestionOf({ fields, silenced, covered }, input, nothing.of) });
    else kept.set(why, (kept.get(why) ?? 0) + sumOf(covered));
  }
  const taken = found.slice(0, suggestLimits.suggestionsMax);
  return {
    suggestions: taken.map(({ suggestion }) => suggestion),
    kept: [...kept].map(([reason, count]) => ({ count, because: reason })),
    covers: sumOf([...new Set(taken.flatMap(({ covered }) => covered))]),
    of: nothing.of,
    ruleTotal: nothing.ruleTotal,
    because:
      taken.length > 0
        ? ""
        : kept.size > 0
          ? "every exception would hide something that must be seen"
          : "nothing in it repeats",
  };
}

/** The severity that most of the noise has. */
function usualRank(noise: readonly NoiseDetection[]): number {
  const counts = new Map<number, number>();
  for (const { severityRank, count } of noise) counts.set(severityRank, (counts.get(severityRank) ?? 0) + count);
  return [...counts].toSorted((one, other) => other[1] - one[1] || other[0] - one[0])[0]?.[0] ?? 0;
}

/** Fields that nearly all of the noise tells, with few values. */
function stableFields(noise: readonly NoiseDetection[]): readonly NoiseFieldName[] {
  const total = sumOf(noise);
  return noiseFieldNames.filter((field) => {
    const known = noise.filter((each) => noiseValue(each, field) !== "");
    const values = new Set(known.map((each) => noiseValue(each, field)));
    return sumOf(known) >= total * suggestLimits.knownShare && values.size <= suggestLimits.valuesMax;
  });
}

const places: readonly NoiseFieldName[] = ["k8s.ns.name", "container.image.repository"];

/** An exception says where and what; with one of them alone it would be too wide. */
function missingField(stable: readonly NoiseFieldName[]): string {
  if (stable.every((field) => places.includes(field)))
    return "it has no process, parent or path in common: every exception would be too wide";
  // On a machine without Kubernetes the executable's path is place enough.
  if (!stable.some((field) => places.includes(field)) && !stable.includes("proc.exepath"))
    return "neither namespace, image nor executable is known: an exception would hold everywhere";
  return "";
}

/** Distinct values of the stable fields, the most frequent first. */
function tuplesOf(
  noise: readonly NoiseDetection[],
  stable: readonly NoiseFieldName[],
): readonly (readonly NoiseField[])[] {
  const counts = new Map<string, { count: number; readonly fields: readonly NoiseField[] }>();
  for (const each of noise) {
    const fields = stable.flatMap((field) => {
      const value = noiseValue(each, field);
      return value === "" ? [] : [{ field, comparison: comparisonOf(field), value }];
    });
    if (fields.length < stable.length) continue;
    const key = JSON.stringify(fields);
    const known = counts.get(key) ?? { count: 0, fields };
    known.count += each.count;
    counts.set(key, known);
  }
  return [...counts]
    .toSorted(([oneKey, one], [otherKey, other]) => other.count - one.count || (oneKey < otherKey ? -1 : 1))
    .map(([, { fields }]) => fields);
}

/** Why these may not be silenced; "" when they may. */
function whyKept(silenced: readonly NoiseDetection[], { real, spokenOf }: SuggestInput, usual: number): string {
  if (silenced.some(({ id }) => real.has(id))) return "a person marked one of them as real";
  if (silenced.some(({ severityRank }) => severityRank < usual)) return "one of them is more severe than the noise";
  const isWorse = ({ processId }: NoiseDetection): boolean => (spokenOf.get(processId) ?? Infinity) < usual;
  return silenced.some(isWorse) ? "another rule said something more severe of the same process" : "";
}

interface Found {
  readonly fields: readonly NoiseField[];
  readonly silenced: readonly NoiseDetection[];
  readonly covered: readonly NoiseDetection[];
}

function suggestionOf(
  { fields, silenced, covered }: Found,
  { namespace, workload, detections }: SuggestInput,
  of: number,
): Suggestion {
  const others = new Map<string, { namespace: string; workload: string; count: number }>();
  for (const each of silenced) {
    if (each.namespace === namespace && each.workload === workload) continue;
    const key = JSON.stringify([each.namespace, each.workload]);
    const known = others.get(key) ?? { namespace: each.namespace, workload: each.workload, count: 0 };
    known.count += each.count;
    others.set(key, known);
  }
  const sorted = [...others.values()].toSorted((one, other) => other.count - one.count);
  const days = daysOf(covered);
  return {
    fields,
    covers: sumOf(covered),
    of,
    silences: sumOf(silenced),
    ruleTotal: sumOf(detections),
    others: sorted.slice(0, suggestLimits.othersMax),
    othersOmitted: Math.max(0, sorted.length - suggestLimits.othersMax),
    daysSeen: days,
    because: `${fields.map(({ field }) => field).join(", ")} ${fields.length === 1 ? "is" : "are"} the same in ${sumOf(covered)} of ${of}, on ${days} ${days === 1 ? "day" : "days"}`,
  };
}

// Which edge rollup (schema/rollups.ts) can answer a question about flows over time, if any: the filter's columns must all be there,
// and its buckets must fit the step and still be kept.
import type { Condition } from "../../../core/filter/condition.ts";
import type { ResolvedWindow } from "../../../core/filter/window.ts";

export interface EdgeRollup {
  readonly table: string;
  readonly bucketMs: number;
  readonly keptMs: number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Coarsest first: the fewest rows to read. Days as in schema/rollups.ts; a Retention resource may keep less, never silently (usage). */
const edgeRollups: readonly EdgeRollup[] = [
  { table: "edges_1h", bucketMs: 60 * minuteMs, keptMs: 90 * dayMs },
  { table: "edges_5m", bucketMs: 5 * minuteMs, keptMs: 7 * dayMs },
  { table: "edges_1m", bucketMs: minuteMs, keptMs: dayMs },
];

/** What makes an edge one. The source's service is left out: the two ends may know it differently. */
export const edgeKey = [
  "cluster",
  "sourceKind",
  "sourceNamespace",
  "sourceWorkload",
  "destinationKind",
  "destinationNamespace",
  "destinationWorkload",
  "destinationService",
  "destinationDomain",
  "destinationPort",
  "protocol",
  "verdict",
] as const;

/** What a filter may ask of the rollups. */
const edgeColumns: readonly string[] = [...edgeKey, "sourceService"];

/** Buckets of a graph's window: this many at least, so that cutting the window to whole buckets changes it little. */
const graphBucketsMin = 12;

/**
 * The rollup that a graph of the window is read from: the coarsest whose buckets are exactly the window's or small against it, and which
 * still keeps its beginning. Undefined: ask the raw table.
 */
export function graphRollupFor(condition: Condition, window: ResolvedWindow, nowMs: number): EdgeRollup | undefined {
  if (columnsIn(condition).some((column) => !edgeColumns.includes(column))) return undefined;
  const kept = edgeRollups.filter(({ keptMs }) => window.sinceMs >= nowMs - keptMs);
  const fits = ({ bucketMs }: EdgeRollup): boolean => {
    const isExact = window.sinceMs % bucketMs === 0 && (window.untilMs >= nowMs || window.untilMs % bucketMs === 0);
    return isExact || window.untilMs - window.sinceMs >= bucketMs * graphBucketsMin;
  };
  return kept.find(fits) ?? kept.at(-1) ?? edgeRollups[0];
}

/** Undefined: ask the raw table. */
export function edgeRollupFor(
  condition: Condition,
  window: ResolvedWindow,
  step: { readonly stepMs: number; readonly nowMs: number },
): EdgeRollup | undefined {
  if (columnsIn(condition).some((column) => !edgeColumns.includes(column))) return undefined;
  return edgeRollups.find(
    ({ bucketMs, keptMs }) => step.stepMs % bucketMs === 0 && window.sinceMs >= step.nowMs - keptMs,
  );
}

/**
 * The condition without columns that rollups lack, where the same is asked of a column beside it that they have: `to:db` looks at pods and
 * workloads, and a pod that nobody owns is its own workload; `port:443` looks at both ports, and a source's port is rarely kept. Only the
 * name of an owned pod is no longer found.
 */
export function asRollupsKeep(condition: Condition): Condition {
  switch (condition.is) {
    case "constant":
    case "column":
      return condition;
    case "not":
      return { is: "not", of: asRollupsKeep(condition.of) };
    case "all":
      return { is: "all", of: condition.of.map(asRollupsKeep) };
    case "any":
      return { is: "any", of: condition.of.filter((item) => !isBesideKept(item, condition.of)).map(asRollupsKeep) };
  }
}

const keptBeside: Readonly<Record<string, string>> = {
  sourcePod: "sourceWorkload",
  destinationPod: "destinationWorkload",
  sourcePort: "destinationPort",
};

function isBesideKept(item: Condition, siblings: readonly Condition[]): boolean {
  if (item.is !== "column") return false;
  const kept = keptBeside[item.columns[0] ?? ""];
  if (kept === undefined) return false;
  const test = JSON.stringify(item.test);
  return siblings.some(
    (other) => other.is === "column" && other.columns[0] === kept && JSON.stringify(other.test) === test,
  );
}

/** Every column that a condition looks at. */
export function columnsIn(condition: Condition): readonly string[] {
  switch (condition.is) {
    case "constant":
      return [];
    case "all":
    case "any":
      return condition.of.flatMap(columnsIn);
    case "not":
      return columnsIn(condition.of);
    case "column":
      return condition.columns;
  }
}

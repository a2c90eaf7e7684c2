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

/** The rollups' key: what a filter may ask of them. */
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

/** Undefined: ask the raw table. */
export function edgeRollupFor(
  condition: Condition,
  window: ResolvedWindow,
  step: { readonly stepMs: number; readonly nowMs: number },
): EdgeRollup | undefined {
  if (columnsIn(condition).some((column) => !edgeKey.includes(column as (typeof edgeKey)[number]))) return undefined;
  return edgeRollups.find(
    ({ bucketMs, keptMs }) => step.stepMs % bucketMs === 0 && window.sinceMs >= step.nowMs - keptMs,
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

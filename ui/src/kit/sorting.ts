// Sorting of short lists by one column. Pure; equal rows keep their order.

export interface Sorting {
  readonly by: string;
  readonly direction: "ascending" | "descending";
}

export type SortValue = string | number;

/** A sorted copy; unknown columns leave the order as it is. */
export function sortRows<T>(
  rows: readonly T[],
  sorting: Sorting,
  values: Readonly<Record<string, (row: T) => SortValue>>,
): readonly T[] {
  const value = values[sorting.by];
  if (value === undefined) return rows;
  const sign = sorting.direction === "ascending" ? 1 : -1;
  return rows.toSorted((a, b) => sign * compare(value(a), value(b)));
}

function compare(a: SortValue, b: SortValue): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

/** A click on a column: texts begin ascending, numbers descending; a second click turns around. */
export function nextSorting(before: Sorting, by: string, numeric: boolean): Sorting {
  if (before.by === by) return { by, direction: before.direction === "ascending" ? "descending" : "ascending" };
  return { by, direction: numeric ? "descending" : "ascending" };
}

// A grid over a list that is held whole: sorted by clicking a header.
import { useMemo, useState, type ReactNode } from "react";
import type { Window } from "../../../src/apps/server/contract/common.ts";
import { DataGrid, type Column, type RowExtras } from "./data-grid.tsx";
import { nextSorting, sortRows, type Sorting, type SortValue } from "./sorting.ts";

export interface SortedColumn<T> extends Omit<Column<T>, "sort"> {
  readonly value?: (row: T) => SortValue;
}

export interface SortedGridProps<T> {
  readonly label: string;
  readonly columns: readonly SortedColumn<T>[];
  readonly rows: readonly T[];
  readonly initial: Sorting;
  readonly onOpen: (row: T) => void;
  readonly extrasOf?: (row: T) => RowExtras;
  readonly window?: Window | undefined;
  readonly children?: ReactNode;
}

export function SortedGrid<T>(props: SortedGridProps<T>) {
  const { label, columns, rows, initial, onOpen, extrasOf } = props;
  const [sorting, setSorting] = useState(initial);
  const [active, setActive] = useState(-1);
  const sorted = useMemo(() => {
    const values = columns.flatMap(({ id, value }) => (value === undefined ? [] : [[id, value] as const]));
    return sortRows(rows, sorting, Object.fromEntries(values));
  }, [columns, rows, sorting]);
  const shown = columns.map((column): Column<T> => {
    const { value } = column;
    if (value === undefined) return column;
    const direction = sorting.by === column.id ? sorting.direction : "none";
    const numeric = column.align === "end";
    return { ...column, sort: { direction, onSort: () => setSorting(nextSorting(sorting, column.id, numeric)) } };
  });
  return (
    <DataGrid
      label={label}
      columns={shown}
      count={sorted.length}
      rowAt={(index) => sorted[index]}
      active={active}
      window={props.window}
      onActive={setActive}
      onOpen={(index) => {
        const row = sorted[index];
        if (row !== undefined) onOpen(row);
      }}
      {...(extrasOf === undefined ? {} : { extrasOf })}
    >
      {props.children}
    </DataGrid>
  );
}

// The one table of the console: virtual rows (100,000 and more), fixed row height, keyboard, one column template.
// It asks for rows by index and never copies the list.
import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { useEffect, useId, useRef, useState, type CSSProperties, type ReactNode, type RefObject } from "react";
import type { Window } from "../../../src/apps/server/contract/common.ts";
import { InGrid } from "./in-grid.ts";
import { KeptLine } from "./kept-line.tsx";
import { useKeys } from "../app/use-keys.ts";

export interface Column<T> {
  readonly id: string;
  readonly header: string;
  /** A CSS grid track: "120px", "minmax(140px, 2fr)". */
  readonly width: string;
  readonly align?: "end";
  readonly cell: (row: T) => ReactNode;
  /** Hidden where the grid is narrower than this many pixels. */
  readonly hideBelowPx?: number;
  readonly sort?: { readonly direction: "ascending" | "descending" | "none"; readonly onSort: () => void };
}

export interface RowExtras {
  readonly level?: number;
  readonly expanded?: boolean | undefined;
  readonly tone?: "deny" | "muted" | undefined;
}

export interface DataGridProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly count: number;
  readonly rowAt: (index: number) => T | undefined;
  /** The keyboard's row; -1 for none. */
  readonly active: number;
  readonly onActive: (index: number) => void;
  readonly onOpen: (index: number) => void;
  readonly onEnd?: () => void;
  /** True while the pointer is over rows or the list is scrolled away from its top: a live list must not move then. */
  readonly onBusy?: (busy: boolean) => void;
  readonly extrasOf?: (row: T) => RowExtras;
  readonly tree?: true;
  /** A row to bring into view once it is there; -1 for none. */
  readonly reveal?: number;
  /** Given when the rows reach back to its beginning: says where the kept data begins. */
  readonly window?: Window | undefined;
  readonly children?: ReactNode;
}

const rowHeightPx = 30;
const endRows = 40;

export function DataGrid<T>(props: DataGridProps<T>) {
  const { label, count, active, onEnd } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const widthPx = useWidthPx(scroller);
  const columns = props.columns.filter(({ hideBelowPx = 0 }) => widthPx >= hideBelowPx);
  const id = useId();
  const virtual = useVirtualizer<HTMLDivElement, Element>({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeightPx,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (count > 0 && last >= count - endRows) onEnd?.();
  }, [last, count, onEnd]);
  const { busyHandlers } = useBusy(props.onBusy);
  useGridKeys(props, virtual);
  const style = { "--columns": columns.map(({ width }) => width).join(" ") } as CSSProperties;
  return (
    <div className="grid" style={style} data-empty={count === 0}>
      <div
        ref={scroller}
        className="grid-scroll"
        role={props.tree ? "treegrid" : "grid"}
        aria-label={label}
        aria-rowcount={count + 1}
        aria-activedescendant={active >= 0 && active <= last ? `${id}-${active}` : undefined}
        tabIndex={0}
        onScroll={busyHandlers.onScroll}
      >
        <GridHead columns={columns} />
        <div
          className="grid-body"
          role="rowgroup"
          style={{ height: virtual.getTotalSize() }}
          onPointerEnter={busyHandlers.onPointerEnter}
          onPointerLeave={busyHandlers.onPointerLeave}
        >
          <InGrid value>
            {items.map((item) => (
              <GridRow key={item.key} grid={props} columns={columns} id={id} index={item.index} start={item.start} />
            ))}
          </InGrid>
        </div>
        {count === 0 ? null : <KeptLine window={props.window} />}
      </div>
      {count === 0 ? (
        <div className="grid-empty">
          <KeptLine window={props.window} />
          {props.children}
        </div>
      ) : null}
    </div>
  );
}

type GridVirtualizer = Virtualizer<HTMLDivElement, Element>;

/** j, k, arrows, pages, ends and Enter; and the row to reveal, once it is there. */
function useGridKeys<T>({ count, active, onActive, onOpen, reveal = -1 }: DataGridProps<T>, virtual: GridVirtualizer) {
  useEffect(() => {
    if (reveal >= 0) virtual.scrollToIndex(reveal, { align: "center" });
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once per row, not at every render of the list
  }, [reveal]);
  const move = (to: number): void => {
    const next = Math.max(0, Math.min(count - 1, to));
    if (count === 0) return;
    onActive(next);
    virtual.scrollToIndex(next);
    // Else Enter would press the button that had the focus.
    virtual.scrollElement?.focus({ preventScroll: true });
  };
  useKeys({
    j: () => move(active + 1),
    k: () => move(active - 1),
    ArrowDown: () => move(active + 1),
    ArrowUp: () => move(active - 1),
    PageDown: () => move(active + 20),
    PageUp: () => move(active - 20),
    Home: () => {
      onActive(-1);
      virtual.scrollToOffset(0);
    },
    End: () => move(count - 1),
    ...(active >= 0 ? { Enter: () => onOpen(active) } : {}),
  });
}

/** The grid's own width, kept true: a details pane beside it narrows it without a change of the window. */
function useWidthPx(element: RefObject<HTMLElement | null>): number {
  const [widthPx, setWidthPx] = useState(Number.POSITIVE_INFINITY);
  useEffect(() => {
    const { current } = element;
    if (current === null) return;
    const observer = new ResizeObserver(() => setWidthPx(current.clientWidth));
    observer.observe(current);
    return () => observer.disconnect();
  }, [element]);
  return widthPx;
}

function useBusy(onBusy: ((busy: boolean) => void) | undefined) {
  const state = useRef({ pointer: false, scrolled: false });
  const change = (patch: Partial<{ pointer: boolean; scrolled: boolean }>): void => {
    const before = state.current.pointer || state.current.scrolled;
    Object.assign(state.current, patch);
    const after = state.current.pointer || state.current.scrolled;
    if (before !== after) onBusy?.(after);
  };
  return {
    busyHandlers: {
      onPointerEnter: () => change({ pointer: true }),
      onPointerLeave: () => change({ pointer: false }),
      onScroll: (event: { readonly currentTarget: HTMLElement }) =>
        change({ scrolled: event.currentTarget.scrollTop > 4 }),
    },
  };
}

function GridHead<T>({ columns }: { readonly columns: readonly Column<T>[] }) {
  return (
    <div role="rowgroup" className="grid-head">
      <div role="row" aria-rowindex={1} className="grid-row">
        {columns.map(({ id, header, align, sort }) => (
          <div key={id} role="columnheader" data-align={align} aria-sort={sort?.direction}>
            {sort === undefined ? (
              header
            ) : (
              <button type="button" onClick={sort.onSort}>
                {header}
                <span aria-hidden="true">{sortMarks[sort.direction]}</span>
              </button>
            )}
          </div>
        ))}
      </div>
    </div>
  );
}

const sortMarks = { ascending: " ↑", descending: " ↓", none: "" } as const;

interface GridRowProps<T> {
  readonly grid: DataGridProps<T>;
  readonly columns: readonly Column<T>[];
  readonly id: string;
  readonly index: number;
  readonly start: number;
}

function GridRow<T>({ grid, columns, id, index, start }: GridRowProps<T>) {
  const row = grid.rowAt(index);
  if (row === undefined) return null;
  const extras = grid.extrasOf?.(row) ?? {};
  const level = extras.level === undefined ? {} : { "aria-level": extras.level, "aria-expanded": extras.expanded };
  return (
    <div
      role="row"
      id={`${id}-${index}`}
      className="grid-row"
      aria-rowindex={index + 2}
      aria-selected={index === grid.active}
      data-tone={extras.tone}
      style={{ transform: `translateY(${start}px)` }}
      onClick={() => {
        grid.onActive(index);
        grid.onOpen(index);
      }}
      {...level}
    >
      {columns.map(({ id: column, cell, align }) => (
        <div key={column} role="gridcell" data-align={align} data-column={column}>
          {cell(row)}
        </div>
      ))}
    </div>
  );
}

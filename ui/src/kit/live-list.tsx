// A live list of rows with everything around it: stream state and freshness, pause and "n new", notices for what is missing,
// the grid, the details pane. Flows and events are both one of these.
import { Inbox, Pause, Play, SquareTerminal, TextSearch } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import {
  readMarked,
  useLiveRows,
  type ListName,
  type LiveQuestion,
  type LiveRows,
  type RowOf,
} from "../api/live-rows.ts";
import type { LiveStore } from "../api/live-store.ts";
import { troubleOf, type Trouble } from "../api/trouble.ts";
import { rangeLabel, rangeQuery } from "../app/time-range.ts";
import { filterOf, rangeOf, type UrlState } from "../app/url-state.ts";
import { useKeys } from "../app/use-keys.ts";
import { useUrlState } from "../app/use-url-state.ts";
import { useCopy } from "./copy.tsx";
import { DataGrid, type Column, type RowExtras } from "./data-grid.tsx";
import { DetailsPane } from "./details-pane.tsx";
import { formatAgo, formatClock, formatCount } from "./format.ts";
import { rowMark, windowOfMark } from "./row-mark.ts";
import { Loading, Notice, State, TroubleState } from "./states.tsx";
import { GapNotices } from "./gap-notices.tsx";
import { gapSummary, missingOf } from "./timeline-data.ts";
import { useNow } from "./use-now.ts";

export interface LiveListProps<Name extends ListName> {
  readonly name: Name;
  readonly label: string;
  readonly kinds?: string;
  /** Instead of the scope and filter of the URL: the list is a part of a page about one thing, which tells of the window's gaps itself. */
  readonly filter?: string;
  readonly columns: readonly Column<RowOf<Name>>[];
  readonly keyOf: (row: RowOf<Name>) => string;
  readonly extrasOf?: (row: RowOf<Name>) => RowExtras;
  readonly titleOf: (row: RowOf<Name>) => ReactNode;
  readonly details: (row: RowOf<Name>) => ReactNode;
  readonly command: (state: UrlState) => string;
  readonly emptyHint: string;
  readonly onTrouble: (trouble: Trouble | undefined) => void;
}

const staleMs = 15_000;

export function LiveList<Name extends ListName>(props: LiveListProps<Name>) {
  const [state, update] = useUrlState();
  const range = rangeOf(state);
  const question = questionOf(props, state);
  const rows = useLiveRows(props.name, question, props.keyOf);
  const [active, setActive] = useState(-1);
  const { opened, setOpened, isLost } = useOpened(props, rows.store, question);
  const [busy, setBusy] = useState(false);
  const paused = state.paused === "1";
  const held = paused || busy || active >= 0 || opened !== undefined;
  useEffect(() => rows.store.hold(held), [rows.store, held]);
  useEffect(() => setActive(-1), [rows.store]);
  useReported(rows.error, props.onTrouble);
  const pause = (): void => update({ paused: paused ? undefined : "1" }, "replace");
  const close = (): void => {
    if (opened === undefined) setActive(-1);
    setOpened(undefined);
  };
  const show = (index: number): void => {
    setActive(index);
    if (opened !== undefined) setOpened(rows.store.rowAt(index));
  };
  useKeys({ p: pause, Escape: close });
  return (
    <div className="live-list" data-details={opened !== undefined}>
      <ListBar
        rows={rows}
        command={props.command(state)}
        paused={paused}
        held={held}
        onPause={pause}
        onFollow={() => {
          setActive(-1);
          setOpened(undefined);
          showNewest(rows.store, busy);
        }}
      />
      <ListNotices rows={rows} isLost={isLost} isPart={props.filter !== undefined} />
      <div className="live-panes">
        <DataGrid
          label={props.label}
          window={rows.more ? undefined : rows.window}
          columns={props.columns}
          count={rows.snapshot.count}
          rowAt={(index) => rows.store.rowAt(index)}
          active={active}
          onActive={show}
          onOpen={(index) => setOpened(rows.store.rowAt(index))}
          onEnd={rows.loadOlder}
          onBusy={setBusy}
          {...(props.extrasOf === undefined ? {} : { extrasOf: props.extrasOf })}
        >
          <NoRows
            rows={rows}
            hint={props.emptyHint}
            where={rangeLabel(range)}
            filter={props.filter === undefined ? question.q : ""}
          />
        </DataGrid>
        {opened === undefined ? null : (
          <DetailsPane title={props.titleOf(opened)} onClose={close}>
            {props.details(opened)}
          </DetailsPane>
        )}
      </div>
    </div>
  );
}

function questionOf(
  { filter, kinds }: { readonly filter?: string; readonly kinds?: string },
  state: UrlState,
): LiveQuestion {
  const range = rangeOf(state);
  return {
    q: filter ?? filterOf(state),
    ...rangeQuery(range),
    ...(kinds === undefined ? {} : { kinds }),
    live: range.kind === "relative",
  };
}

/**
 * The row whose details are open; it is in the URL, so that a link opens it again (read by its time when the list does not hold it).
 * A changed question closes it.
 */
function useOpened<Name extends ListName>(
  { name, keyOf }: LiveListProps<Name>,
  store: LiveStore<RowOf<Name>>,
  question: LiveQuestion,
) {
  const [state, update] = useUrlState();
  const [opened, setRow] = useState<RowOf<Name> | undefined>(undefined);
  const [isLost, setLost] = useState(false);
  const linked = useRef(state.row);
  const first = useRef(store);
  const setOpened = (row: RowOf<Name> | undefined): void => {
    setRow(row);
    setLost(false);
    update({ row: row === undefined ? undefined : rowMark(row, keyOf(row)) }, "replace");
  };
  useEffect(() => {
    const mark = linked.current;
    linked.current = undefined;
    const window = mark === undefined ? undefined : windowOfMark(mark);
    if (window === undefined) return;
    const open = async (): Promise<void> => {
      const row = await readMarked(name, { ...question, ...window }, (each) => rowMark(each, keyOf(each)) === mark);
      setRow(row);
      setLost(row === undefined);
    };
    // Why nothing can be read is said by the list itself.
    open().catch(() => setLost(true));
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once, for the link that was opened
  }, []);
  useEffect(() => {
    if (first.current === store) return;
    first.current = store;
    setOpened(undefined);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- only when the question changed
  }, [store]);
  return { opened, setOpened, isLost };
}

/** Tells the screen about the list's trouble, so that the filter bar can mark the place. */
function useReported(error: unknown, onTrouble: (trouble: Trouble | undefined) => void): void {
  useEffect(() => onTrouble(error === undefined ? undefined : troubleOf(error)), [error, onTrouble]);
}

/** Lets the waiting rows in now, and holds again right after while the pointer is still there. */
function showNewest<T>(store: LiveStore<T>, busy: boolean): void {
  store.hold(false);
  requestAnimationFrame(() => requestAnimationFrame(() => store.hold(busy)));
}

interface ListBarProps<T> {
  readonly rows: LiveRows<T>;
  readonly command: string;
  readonly paused: boolean;
  readonly held: boolean;
  readonly onPause: () => void;
  readonly onFollow: () => void;
}

function ListBar<T>({ rows, command, paused, held, onPause, onFollow }: ListBarProps<T>) {
  const { snapshot, stream } = rows;
  const [copied, copy] = useCopy();
  useKeys({ c: () => copy(command) });
  return (
    <div className="list-bar">
      <StreamBadge rows={rows} paused={paused} held={held} />
      <span className="list-count">
        {snapshot.count === 1 ? "1 row" : `${formatCount(snapshot.count)} rows`}
        {rows.more ? ", older below" : ""}
      </span>
      {snapshot.pending > 0 ? (
        <button type="button" className="pill" onClick={paused ? onPause : onFollow}>
          {formatCount(snapshot.pending)} new
        </button>
      ) : null}
      <span className="spacer" />
      <button type="button" className="button" onClick={() => copy(command)} title={command}>
        <SquareTerminal aria-hidden="true" />
        <span aria-live="polite">{copied === "done" ? "Copied" : "Copy as command"}</span>
      </button>
      {stream === "off" ? null : (
        <button type="button" className="button" aria-pressed={paused} onClick={onPause}>
          {paused ? <Play aria-hidden="true" /> : <Pause aria-hidden="true" />}
          {paused ? "Resume" : "Pause"}
        </button>
      )}
    </div>
  );
}

interface StreamBadgeProps<T> {
  readonly rows: LiveRows<T>;
  readonly paused: boolean;
  readonly held: boolean;
}

function StreamBadge<T>({ rows, paused, held }: StreamBadgeProps<T>) {
  const { stream, arrivedAt } = rows;
  const now = useNow();
  const age = arrivedAt === 0 ? "" : formatAgo(arrivedAt, now);
  const words = {
    off: rows.error === undefined ? ["past", "Fixed window"] : ["stale", "Not live"],
    connecting: ["wait", "Connecting"],
    reconnecting: ["stale", `Line lost${age === "" ? "" : `, newest rows ${age}`}; trying again`],
    live: ["live", `Live${age === "" ? "" : ` · ${age}`}`],
  } as const;
  const [tone, text] = words[stream];
  if (stream === "live" && paused) return <Badge tone="paused" text="Paused" />;
  if (stream === "live" && held) return <Badge tone="paused" text="Held while you look" />;
  if (stream === "live" && arrivedAt > 0 && now - arrivedAt > staleMs)
    return <Badge tone="quiet" text={`Live, nothing new for ${age.replace(" ago", "")}`} />;
  return <Badge tone={tone} text={text} />;
}

function Badge({ tone, text }: { readonly tone: string; readonly text: string }) {
  return (
    <span className="stream-badge" data-tone={tone}>
      <i aria-hidden="true" />
      {text}
    </span>
  );
}

interface ListNoticesProps<T> {
  readonly rows: LiveRows<T>;
  readonly isLost: boolean;
  /** The page that the list is a part of tells of gaps. */
  readonly isPart: boolean;
}

function ListNotices<T>({ rows, isLost, isPart }: ListNoticesProps<T>) {
  const { window, snapshot, error } = rows;
  return (
    <>
      {isLost ? (
        <Notice tone="info">The row of this link is not kept any more, or does not match the filter.</Notice>
      ) : null}
      {window?.partial === true ? (
        <Notice tone="warning">
          Partial: {window.partialBecause || "the query was ended early"}. Rows may be missing; narrow the time range or
          the filter.
        </Notice>
      ) : null}
      {window === undefined || isPart ? null : <GapNotices gaps={window.gaps} />}
      {rows.hole === undefined ? null : (
        <Notice
          tone="warning"
          act={
            <button type="button" className="button" onClick={rows.retry}>
              Load anew
            </button>
          }
        >
          The live line was refused for a while: rows between {formatClock(rows.hole.since).slice(0, 8)} and{" "}
          {formatClock(rows.hole.until).slice(0, 8)} are in the store but not in this list.
        </Notice>
      )}
      {snapshot.skipped > 0 ? (
        <Notice tone="warning">
          {formatCount(snapshot.skipped)} live rows were left out because they came faster than this page takes them.
          They are in the store: choose a fixed window to see all.
        </Notice>
      ) : null}
      {snapshot.evicted > 0 ? (
        <Notice tone="info">
          {formatCount(snapshot.evicted)} older rows are not kept in this page (limit 100,000). Narrow the time range to
          reach them.
        </Notice>
      ) : null}
      {error !== undefined && snapshot.count > 0 ? (
        <Notice
          tone="warning"
          act={
            <button type="button" className="button" onClick={rows.retry}>
              Try again
            </button>
          }
        >
          Stale: {troubleOf(error).message} What is shown came before that.
        </Notice>
      ) : null}
    </>
  );
}

interface NoRowsProps<T> {
  readonly rows: LiveRows<T>;
  readonly hint: string;
  readonly where: string;
  readonly filter: string;
}

function NoRows<T>({ rows, hint, where, filter }: NoRowsProps<T>) {
  if (rows.error !== undefined && troubleOf(rows.error).filterPosition !== undefined)
    return (
      <State
        icon={<TextSearch />}
        title="The filter has an error"
        hint="The place is marked in the filter bar above; the list comes back with the next filter that can be read."
      />
    );
  if (rows.error !== undefined) return <TroubleState trouble={troubleOf(rows.error)} onRetry={rows.retry} />;
  if (rows.loading) return <Loading label="Loading rows" />;
  const what = filter === "" ? "Nothing was recorded" : "Nothing matches this filter";
  return (
    <State
      icon={<Inbox />}
      title={`${what} · ${where.toLowerCase()}`}
      hint={filter === "" ? hint : `${hint} Or remove a term of the filter.`}
    >
      {rows.window !== undefined && missingOf(rows.window.gaps).length > 0 ? (
        <p>Note: {gapSummary(rows.window.gaps)} in this window, so this is not the same as “nothing happened”.</p>
      ) : null}
    </State>
  );
}

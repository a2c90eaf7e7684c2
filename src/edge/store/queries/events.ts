// Events of several kinds on one timeline, newest first: one scan per table, merged in the order that all tables share.
import { conditionOf } from "../../../core/filter/condition.ts";
import { type ResolvedWindow, resolveWindow } from "../../../core/filter/window.ts";
import { type EventKind, eventTables } from "../../../model/table.ts";
import { answerWindow, because, filterFor, parseKinds } from "./ask.ts";
import { decodePage, type PagePosition } from "./cursor.ts";
import { nextCursor } from "./flows.ts";
import type { AnyEvent, Page, PageRequest } from "./queries.ts";
import { type QueryParts, type ScanRequest, scanNewest } from "./scan.ts";
import { shownRow, type StoredRow } from "./shown.ts";

interface Found {
  readonly kind: EventKind;
  readonly row: StoredRow;
}

export async function listEvents(
  parts: QueryParts,
  query: PageRequest & { readonly kinds: string },
): Promise<Page<AnyEvent>> {
  const kinds = parseKinds(query.kinds);
  const tables = kinds.map((kind) => eventTables[kind]);
  const filter = filterFor(query.q, tables);
  const position = query.cursor === undefined ? undefined : decodePage(query.cursor);
  const window = position ?? resolveWindow(filter.window, query, parts.clock.nowMs());
  const { found, partialBecause, lookedBackToMs } = await mergeKinds(parts, kinds, {
    window,
    position,
    limit: query.limit,
    conditionFor: (kind) => conditionOf(filter, eventTables[kind]),
  });
  const rows = found.slice(0, query.limit);
  const next = nextCursor(
    rows.map((item) => item.row),
    { total: found.length, limit: query.limit, partialBecause, lookedBackToMs },
    window,
    position,
  );
  return {
    rows: rows.map(shownEvent),
    ...(next === undefined ? {} : { next }),
    window: await answerWindow(parts, window, tables, partialBecause),
  };
}

export interface MergeRequest {
  readonly window: ResolvedWindow;
  readonly position: PagePosition | undefined;
  readonly limit: number;
  readonly conditionFor: (kind: EventKind) => ScanRequest["condition"];
  readonly blocks?: ScanRequest["blocks"];
}

/** Newest first over all kinds, more than `limit` rows when there are more. Rows older than where any kind stopped are held back. */
export async function mergeKinds(parts: QueryParts, kinds: readonly EventKind[], request: MergeRequest) {
  const { window, position, limit, blocks } = request;
  const scans = await mapBounded(kinds, async (kind) => {
    const condition = request.conditionFor(kind);
    if (condition.is === "constant" && !condition.value) {
      return { kind, rows: [], partialBecause: "", lookedBackToMs: window.sinceMs };
    }
    const scan = { table: eventTables[kind], condition, window, position, limit };
    return { kind, ...(await scanNewest(parts, blocks === undefined ? scan : { ...scan, blocks })) };
  });
  const lookedBackToMs = Math.max(window.sinceMs, ...scans.map((scan) => scan.lookedBackToMs));
  const found = scans
    .flatMap(({ kind, rows }) => rows.map((row): Found => ({ kind, row })))
    .filter(({ row }) => Number(row["_timeMs"]) >= lookedBackToMs)
    .sort((a, b) => newerFirst(a.row, b.row));
  return { found, partialBecause: because(...scans.map((scan) => scan.partialBecause)), lookedBackToMs };
}

export function shownEvent({ kind, row }: Found): AnyEvent {
  return { ...shownRow(eventTables[kind], row), kind } as AnyEvent;
}

/** The order of all listings: time, block, hash, downwards. */
export function newerFirst(a: StoredRow, b: StoredRow): number {
  const byTime = Number(b["_timeMs"]) - Number(a["_timeMs"]);
  if (byTime !== 0) return byTime;
  const byIngest = Number(b["ingest"]) - Number(a["ingest"]);
  if (byIngest !== 0) return byIngest;
  const [left, right] = [BigInt(String(a["_tie"])), BigInt(String(b["_tie"]))];
  return left === right ? 0 : left < right ? 1 : -1;
}

/** The store answers four readers at a time; one request takes at most two of them. */
const concurrencyMax = 2;

export async function mapBounded<T, U>(items: readonly T[], work: (item: T) => Promise<U>): Promise<U[]> {
  const results: U[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrencyMax, items.length) }, worker));
  return results;
}

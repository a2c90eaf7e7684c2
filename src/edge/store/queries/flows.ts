// Flows and gaps as pages, newest first.
import type { Shown } from "../../../model/table.ts";
import { answerWindow, ask, filterFor } from "./ask.ts";
import { decodePage, encodeCursor, type PagePosition } from "./cursor.ts";
import type { Page, PageRequest } from "./queries.ts";
import { positionAfter, positionBefore, type QueryParts, scanNewest } from "./scan.ts";
import { shownRow, type StoredRow } from "./shown.ts";
import type { ResolvedWindow } from "../../../core/filter/window.ts";
import { conditionOf } from "../../../core/filter/condition.ts";

export async function listFlows(parts: QueryParts, query: PageRequest): Promise<Page<Shown<"flows">>> {
  const position = query.cursor === undefined ? undefined : decodePage(query.cursor);
  const asked = ask(parts, "flows", position === undefined ? query : { q: query.q });
  const window: ResolvedWindow = position ?? asked.window;
  const found = await scanNewest(parts, {
    table: "flows",
    condition: asked.condition,
    window,
    position,
    limit: query.limit,
  });
  const rows = found.rows.slice(0, query.limit);
  const next = nextCursor(rows, { ...found, limit: query.limit, total: found.rows.length }, window, position);
  return {
    rows: rows.map((row) => shownRow("flows", row)),
    ...(next === undefined ? {} : { next }),
    window: await answerWindow(parts, window, ["flows"], found.partialBecause),
  };
}

export async function listGaps(
  parts: QueryParts,
  query: PageRequest,
): Promise<{ rows: Shown<"gaps">[]; next?: string }> {
  const position = query.cursor === undefined ? undefined : decodePage(query.cursor);
  const asked = ask(parts, "gaps", position === undefined ? query : { q: query.q });
  const condition = conditionOf(filterFor(query.q, ["gaps"]), "gaps");
  const window: ResolvedWindow = position ?? asked.window;
  const found = await scanNewest(parts, { table: "gaps", condition, window, position, limit: query.limit });
  const rows = found.rows.slice(0, query.limit);
  const next = nextCursor(rows, { ...found, limit: query.limit, total: found.rows.length }, window, position);
  return { rows: rows.map((row) => shownRow("gaps", row)), ...(next === undefined ? {} : { next }) };
}

/** The cursor of the next page: after the last row when there are more, at the edge of what was looked at when it ended early. */
export function nextCursor(
  delivered: readonly StoredRow[],
  found: {
    readonly total: number;
    readonly limit: number;
    readonly partialBecause: string;
    readonly lookedBackToMs: number;
  },
  window: ResolvedWindow,
  before: PagePosition | undefined,
): string | undefined {
  const asked = { sinceMs: window.sinceMs, untilMs: window.untilMs };
  if (found.total > found.limit) {
    const after = positionAfter(delivered, asked, before);
    return after === undefined ? undefined : encodeCursor(after);
  }
  const hasMore = found.partialBecause !== "" && found.lookedBackToMs > window.sinceMs;
  return hasMore ? encodeCursor(positionBefore(found.lookedBackToMs, asked)) : undefined;
}

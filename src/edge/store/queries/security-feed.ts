// Security events for outputs, in the order in which their blocks came: none is skipped, however many there are, and none comes twice to a reader that gives
// back its position. Blocks that become visible out of order are found (see streams.ts); a large block is read in pieces.
import { z } from "zod";
import { Fault } from "../../../base/fault.ts";
import type { Shown } from "../../../model/table.ts";
import { run } from "./ask.ts";
import { queryLimits } from "./limits.ts";
import { type QueryParts, selectList, tieOf } from "./scan.ts";
import { shownRow } from "./shown.ts";
import { createBindings, withinRaw } from "./sql.ts";
import { advance } from "./streams.ts";

/** Where a reader is: delivered blocks, and how many rows of the next one. `caughtUpMs`: when there was nothing left the last time. */
const FeedPosition = z.strictObject({
  floor: z.int().min(0),
  blocks: z.array(z.int().min(0)).max(1024),
  part: z.strictObject({ block: z.int().min(0), rows: z.int().min(0) }).optional(),
  caughtUpMs: z.int().min(0),
});
type FeedPosition = z.infer<typeof FeedPosition>;

export interface SecurityPage {
  /** By block; within one by time. */
  readonly rows: readonly Shown<"security_events">[];
  /** Opaque text: give it back to go on, after a restart too. */
  readonly position: string;
  /** More is there already. */
  readonly isMore: boolean;
}

/** What came after `position`; "" begins with what comes from now on and gives no rows. Rows that carry a time of more than a day before they came are not in it. */
export async function securityAfter(parts: QueryParts, position: string, limit: number): Promise<SecurityPage> {
  const nowMs = parts.clock.nowMs();
  if (position === "") return { rows: [], position: JSON.stringify(await head(parts, nowMs)), isMore: false };
  const before = decode(position);
  const found = await newBlocks(parts, before);
  const [first] = found;
  if (first === undefined)
    return { rows: [], position: JSON.stringify({ ...before, caughtUpMs: nowMs }), isMore: false };
  const readBefore = before.part?.block === first.block ? before.part.rows : 0;
  if (first.rows - readBefore > limit) {
    const rows = await rowsOf(parts, before, { blocks: [first.block], limit, offset: readBefore });
    const part = { block: first.block, rows: readBefore + rows.length };
    return { rows, position: JSON.stringify({ ...before, part }), isMore: true };
  }
  const taken = wholeBlocks(found, limit + readBefore);
  const rows = await rowsOf(parts, before, { blocks: taken, limit, offset: readBefore });
  const isMore = taken.length < found.length || found.length === queryLimits.feedBlocksMax;
  const after: FeedPosition = {
    ...advance({ floor: before.floor, blocks: before.blocks }, taken),
    caughtUpMs: isMore ? before.caughtUpMs : nowMs,
  };
  return { rows, position: JSON.stringify(after), isMore };
}

function decode(text: string): FeedPosition {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Refused below with everything else that is none.
  }
  const parsed = FeedPosition.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Fault("the kept position in the stream of security events cannot be read", {
    code: "queries/bad-cursor",
    kind: "internal",
    hint: "switch the sink off and on again: it begins anew",
  });
}

interface Block {
  readonly block: number;
  readonly rows: number;
}

/** The oldest blocks together whose rows are at most `rowsMax`; at least one. */
function wholeBlocks(found: readonly Block[], rowsMax: number): readonly number[] {
  const taken: number[] = [];
  let rows = 0;
  for (const block of found) {
    rows += block.rows;
    if (taken.length > 0 && rows > rowsMax) break;
    taken.push(block.block);
  }
  return taken;
}

async function head(parts: QueryParts, nowMs: number): Promise<FeedPosition> {
  const bindings = createBindings();
  const recent = withinRaw(bindings, nowMs - queryLimits.streamLookBackMs, nowMs + queryLimits.streamAheadMs);
  const sql = `SELECT DISTINCT ingest FROM security_events WHERE ${recent} ORDER BY ingest DESC LIMIT ${queryLimits.streamBlocksMax}`;
  const result = await run(parts, sql, bindings, { rowsMax: queryLimits.streamBlocksMax });
  const blocks = result.rows.map((row) => Number(row["ingest"]));
  // With less than a cursor's worth of blocks all that there are are known.
  const floor = blocks.length < queryLimits.streamBlocksMax ? 0 : Math.min(...blocks) - 1;
  return { ...advance({ floor, blocks: [] }, blocks), caughtUpMs: nowMs };
}

function stretch(parts: QueryParts, { caughtUpMs }: FeedPosition, bindings: ReturnType<typeof createBindings>): string {
  return withinRaw(
    bindings,
    Math.max(0, caughtUpMs - queryLimits.streamLookBackMs),
    parts.clock.nowMs() + queryLimits.streamAheadMs,
  );
}

async function newBlocks(parts: QueryParts, position: FeedPosition): Promise<readonly Block[]> {
  const bindings = createBindings();
  const recent = stretch(parts, position, bindings);
  const sql = `SELECT ingest, toInt64(count()) AS held FROM security_events WHERE ingest > ${bindings.bind(position.floor, "UInt64")}
AND NOT has(${bindings.bind(position.blocks, "Array(UInt64)")}, ingest) AND ${recent}
GROUP BY ingest ORDER BY ingest LIMIT ${queryLimits.feedBlocksMax}`;
  const result = await run(parts, sql, bindings, { rowsMax: queryLimits.feedBlocksMax });
  refusePartial(result);
  return result.rows.map((row) => ({ block: Number(row["ingest"]), rows: Number(row["held"]) }));
}

async function rowsOf(
  parts: QueryParts,
  position: FeedPosition,
  asked: { readonly blocks: readonly number[]; readonly limit: number; readonly offset: number },
): Promise<readonly Shown<"security_events">[]> {
  const bindings = createBindings();
  const recent = stretch(parts, position, bindings);
  const tie = tieOf("security_events");
  const sql = `SELECT ${selectList("security_events")}, ${tie} AS _tie FROM security_events
WHERE has(${bindings.bind(asked.blocks, "Array(UInt64)")}, ingest) AND ${recent}
ORDER BY ingest, time, _tie LIMIT ${asked.limit} OFFSET ${asked.offset}`;
  const result = await run(parts, sql, bindings, { rowsMax: asked.limit });
  refusePartial(result);
  return result.rows.map((row) => shownRow("security_events", row));
}

/** Half an answer would be taken for the whole, and the other half never be sent. */
function refusePartial({
  partial,
  partialBecause,
}: {
  readonly partial: boolean;
  readonly partialBecause: string;
}): void {
  if (!partial) return;
  throw new Fault(`security events cannot be read: ${partialBecause}`, {
    code: "queries/partial-feed",
    kind: "unavailable",
    retryAfterMs: 10_000,
  });
}

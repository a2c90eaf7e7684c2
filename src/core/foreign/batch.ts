// A request's items one by one: each is mapped or refused by itself, the rest goes on; refusals are counted and the first few told.
import { blockLimits } from "../../model/agent-protocol.ts";
import { foreignLimits } from "./limits.ts";
import type { ForeignRow, Mapped } from "./row.ts";

export interface Batch {
  readonly rows: readonly ForeignRow[];
  readonly accepted: number;
  readonly refused: number;
  readonly reasons: readonly { readonly item: number; readonly because: string }[];
}

export interface OpenBatch {
  /** The next item; items are counted from 0. Beyond the limit they are refused unread. */
  add(item: unknown): void;
  done(): Batch;
}

/** `map` must not throw. One item at a time, so that the caller can let others work in between. */
export function openBatch(nowMs: number, map: (item: unknown) => Mapped): OpenBatch {
  const rows: ForeignRow[] = [];
  const reasons: { item: number; because: string }[] = [];
  let accepted = 0;
  let count = 0;
  return {
    add: (item) => {
      const mapped = count < foreignLimits.itemsMax ? map(item) : tooMany;
      const because = "because" in mapped ? mapped.because : outOfRange(mapped.rows, nowMs);
      if (because === "" && "rows" in mapped) {
        rows.push(...mapped.rows);
        accepted += 1;
      } else if (reasons.length < foreignLimits.reasonsMax) reasons.push({ item: count, because });
      count += 1;
    },
    done: () => ({ rows, accepted, refused: count - accepted, reasons }),
  };
}

/** All items at once. */
export function mapItems(items: Iterable<unknown>, nowMs: number, map: (item: unknown) => Mapped): Batch {
  const batch = openBatch(nowMs, map);
  for (const item of items) batch.add(item);
  return batch.done();
}

const tooMany: Mapped = { because: `more than ${foreignLimits.itemsMax} items in one request` };

/** Why a time cannot be stored, or "". The same range as for agents' blocks. */
function outOfRange(rows: readonly ForeignRow[], nowMs: number): string {
  for (const { row } of rows) {
    if (row.time > nowMs + blockLimits.futureMsMax) return "its time is in the future";
    if (row.time < nowMs - blockLimits.pastMsMax) return "its time is more than 24 hours ago";
  }
  return "";
}

/** A line that is no JSON, as an item: mappings refuse it by this reason. */
export interface BrokenLine {
  readonly brokenLine: string;
}

export function isBrokenLine(item: unknown): item is BrokenLine {
  return typeof item === "object" && item !== null && "brokenLine" in item && Object.keys(item).length === 1;
}

/** JSON lines -> items; empty lines are skipped, broken ones become BrokenLine. */
export function* jsonLines(text: string): Generator {
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf("\n", start);
    const end = found < 0 ? text.length : found;
    const line = text.slice(start, end).trim();
    start = end + 1;
    if (line === "") continue;
    yield line.length > foreignLimits.lineLengthMax ? { brokenLine: "the line is too long" } : parseLine(line);
  }
}

function parseLine(line: string): unknown {
  if (isTooDeep(line)) return { brokenLine: "it is nested too deep" };
  try {
    return JSON.parse(line) as unknown;
  } catch {
    // The parser's own words quote the line, which may hold a secret.
    return { brokenLine: "it is not JSON" };
  }
}

/** Whether JSON text is nested deeper than the limit; linear, before anything is built. */
export function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x22) index = endOfString(text, index);
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > foreignLimits.depthMax) return true;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return false;
}

function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x5c) index += 1;
    else if (code === 0x22) return index;
  }
  return text.length;
}

/**
 * The items of a text that is one JSON value, an array of them, an object with `items`, or JSON lines.
 * A text of one value that is broken becomes one BrokenLine.
 */
export function itemsOf(text: string): Iterable<unknown> {
  const trimmed = text.trimStart();
  const isOneLine = !trimmed.trimEnd().includes("\n");
  if (!trimmed.startsWith("[") && !isOneLine && isLines(trimmed)) return jsonLines(trimmed);
  if (isTooDeep(trimmed)) return [{ brokenLine: "it is nested too deep" }];
  try {
    return spread(JSON.parse(trimmed) as unknown);
  } catch {
    return jsonLines(trimmed);
  }
}

/** JSON lines when one of the first lines is a whole value by itself (one of them may be broken). */
function isLines(text: string): boolean {
  const first = text.slice(0, foreignLimits.lineLengthMax).split("\n", linesLookedAt);
  return first.some((line) => line.trim().startsWith("{") && !isBrokenLine(parseLine(line.trim())));
}

const linesLookedAt = 5;

function spread(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const isList = typeof value === "object" && value !== null && "items" in value && Array.isArray(value.items);
  return isList ? (value as { readonly items: unknown[] }).items : [value];
}

// One page of a list out of its bytes, object by object: a page parsed as a whole is megabytes of garbage at a time. Where an object
// ends is guessed from how the first one begins and proved by parsing: of a JSON object no proper beginning is one.
import { parseJson } from "./body.ts";

const open = Buffer.from('"items":[');
const [comma, closeBracket, brace, quote] = [0x2c, 0x5d, 0x7b, 0x22] as const;

export interface ReadPage<T> {
  /** Everything of the page but its objects. */
  readonly rest: unknown;
  readonly items: readonly T[];
}

/**
 * What `read` makes of each object, without those it refuses. Each is read before the next is parsed. Throws Fault "kube/broken-json". `read`
 * may see an object twice, when the page turns out to be laid out in an unusual way.
 */
export function readPage<T>(bytes: Buffer, what: string, read: (item: unknown) => T | undefined): ReadPage<T> {
  const at = bytes.indexOf(open);
  const first = at + open.length;
  if (at < 0 || bytes[first] !== brace) return readWhole(bytes, what, read);
  const boundary = boundaryOf(bytes, first);
  if (boundary === undefined) return readWhole(bytes, what, read);
  const items: T[] = [];
  let from = first;
  for (;;) {
    const found = itemAt(bytes, from, boundary);
    if (found === undefined) return readWhole(bytes, what, read);
    add(items, read(found.item));
    if (bytes[found.end] === closeBracket) {
      from = found.end + 1;
      break;
    }
    from = found.end + 1;
  }
  const rest = `${bytes.toString("utf8", 0, first)}]${bytes.toString("utf8", from)}`;
  return { rest: parseJson(rest, what), items };
}

/** "},{" with the name of the first object's first field: how the next object most likely begins. */
function boundaryOf(bytes: Buffer, first: number): Buffer | undefined {
  if (bytes[first + 1] !== quote) return undefined;
  const end = bytes.indexOf(quote, first + 2);
  return end < 0 || end - first > nameLengthMax
    ? undefined
    : Buffer.concat([Buffer.from("},"), bytes.subarray(first, end + 1)]);
}

const nameLengthMax = 64;
/** Guesses for one object; one that needs more is left to the parser of whole pages. */
const guessesMax = 50;

/** The object that begins at `from`, and where its "," or "]" stands. */
function itemAt(
  bytes: Buffer,
  from: number,
  boundary: Buffer,
): { readonly item: unknown; readonly end: number } | undefined {
  let searchFrom = from;
  for (let guess = 0; guess < guessesMax; guess += 1) {
    const next = bytes.indexOf(boundary, searchFrom);
    if (next < 0) return lastItem(bytes, from);
    const end = next + 1;
    const item = tryParse(bytes, from, end);
    if (item !== undefined && bytes[end] === comma) return { item, end };
    searchFrom = end;
  }
  return undefined;
}

/** The last object ends at the page's last "]" or, where fields follow the objects, at an earlier one. */
function lastItem(bytes: Buffer, from: number): { readonly item: unknown; readonly end: number } | undefined {
  let end = bytes.lastIndexOf(closeBracket);
  for (let guess = 0; guess < guessesMax && end > from; guess += 1) {
    const item = tryParse(bytes, from, end);
    if (item !== undefined) return { item, end };
    end = bytes.lastIndexOf(closeBracket, end - 1);
  }
  return undefined;
}

function tryParse(bytes: Buffer, from: number, to: number): unknown {
  try {
    return JSON.parse(bytes.toString("utf8", from, to));
  } catch {
    // Not where the object ends: the next guess, or the parser of whole pages, decides.
    return undefined;
  }
}

function add<T>(items: T[], item: T | undefined): void {
  if (item !== undefined) items.push(item);
}

/** Any JSON, however it is laid out. */
function readWhole<T>(bytes: Buffer, what: string, read: (item: unknown) => T | undefined): ReadPage<T> {
  const page = parseJson(bytes.toString("utf8"), what);
  if (typeof page !== "object" || page === null || !("items" in page)) return { rest: page, items: [] };
  const { items: found, ...rest } = page;
  if (!Array.isArray(found)) return { rest: page, items: [] };
  const items: T[] = [];
  for (const item of found as readonly unknown[]) add(items, read(item));
  return { rest: { ...rest, items: [] }, items };
}

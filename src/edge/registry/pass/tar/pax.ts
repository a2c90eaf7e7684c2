// Extended headers: PAX records ("27 path=long/name\n") with the sparse maps of GNU tar's three dialects. Strict as Go's reader, which is what container runtimes unpack with.
import { tarFault } from "./header.ts";

/** A run of real data inside a sparse file. */
export interface SparseRun {
  readonly offset: number;
  readonly bytes: number;
}

export interface PaxHeader {
  readonly path?: Buffer;
  readonly linkTarget?: Buffer;
  readonly sizeBytes?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly sparse?: PaxSparse;
}

export interface PaxSparse {
  readonly realBytes: number;
  /** Absent: dialect 1.0, whose map stands before the data. */
  readonly runs?: readonly SparseRun[];
}

const runsMax = 100_000;

/** Reads the body of an "x" header. Throws a Fault when a record's length lies. */
export function readPax(body: Buffer): PaxHeader {
  const found: { -readonly [Key in keyof PaxHeader]?: PaxHeader[Key] } = {};
  const sparse = new Map<string, string>();
  const pairs: string[] = [];
  for (const [key, value] of records(body)) {
    if (key === "path" || key === "GNU.sparse.name") found.path = named(value, key);
    else if (key === "linkpath") found.linkTarget = named(value, key);
    else if (key === "size") found.sizeBytes = decimal(value.toString("latin1"));
    else if (key === "uid") found.uid = decimal(value.toString("latin1"));
    else if (key === "gid") found.gid = decimal(value.toString("latin1"));
    else if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") {
      if (pairs.length >= 2 * runsMax) throw tarFault("tar-sparse", "A sparse map has too many runs");
      pairs.push(value.toString("latin1"));
    } else if (key.startsWith("GNU.sparse.")) sparse.set(key.slice(11), value.toString("latin1"));
  }
  const map = sparseOf(sparse, pairs);
  return map === undefined ? found : { ...found, sparse: map };
}

/** Keys of a global header that would rename or resize later entries. Runtimes do not apply them, so neither do we: the caller tells. */
export function globalClaims(body: Buffer): readonly string[] {
  const telling = new Set(["path", "linkpath", "size"]);
  return [...records(body)].map(([key]) => key).filter((key) => telling.has(key) || key.startsWith("GNU.sparse."));
}

function* records(body: Buffer): Iterable<readonly [string, Buffer]> {
  let at = 0;
  while (at < body.length) {
    if (body[at] === 0) return;
    const space = body.indexOf(0x20, at);
    if (space < 0 || space - at > 10) throw tarFault("tar-pax", "A PAX record has no length");
    const length = decimal(body.toString("latin1", at, space));
    const end = at + length;
    if (end > body.length || end <= space + 2 || body[end - 1] !== 0x0a)
      throw tarFault("tar-pax", "A PAX record's length lies");
    const equals = body.indexOf(0x3d, space);
    if (equals < 0 || equals >= end) throw tarFault("tar-pax", "A PAX record has no value");
    yield [body.toString("latin1", space + 1, equals), body.subarray(equals + 1, end - 1)];
    at = end;
  }
}

function named(value: Buffer, key: string): Buffer {
  if (value.includes(0)) throw tarFault("tar-pax", `PAX ${key} holds a zero byte`);
  return Buffer.from(value);
}

export function decimal(text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw tarFault("tar-number", "A tar's extended header holds a number that is none");
  return value;
}

function sparseOf(keys: ReadonlyMap<string, string>, pairs: readonly string[]): PaxSparse | undefined {
  const size = keys.get("realsize") ?? keys.get("size");
  if (size === undefined) return undefined;
  const realBytes = decimal(size);
  if (keys.get("major") === "1" && keys.get("minor") === "0") return { realBytes };
  const numbers = keys.has("map") ? keys.get("map")!.split(",", 2 * runsMax + 1) : pairs;
  if (numbers.length === 1 && numbers[0] === "") return { realBytes, runs: [] };
  return { realBytes, runs: runsOf(numbers.map(decimal), realBytes) };
}

/** Pairs of offset and length as runs, checked: ascending, apart, inside the file. */
export function runsOf(numbers: readonly number[], realBytes: number): SparseRun[] {
  if (numbers.length % 2 !== 0 || numbers.length > 2 * runsMax)
    throw tarFault("tar-sparse", "A sparse map is not made of pairs");
  const runs: SparseRun[] = [];
  let end = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    const offset = numbers[i]!;
    const bytes = numbers[i + 1]!;
    if (offset < end || offset + bytes > realBytes)
      throw tarFault("tar-sparse", "A sparse map's runs overlap or leave the file");
    runs.push({ offset, bytes });
    end = offset + bytes;
  }
  return runs;
}

// Tar archives that depend on nothing but their entries: sorted paths, folders made where missing, one fixed time, owners as said.
// Format: POSIX ustar, with pax records where a name is too long for it (POSIX.1-2001, pax).
import { createReadStream } from "node:fs";

interface EntryPlace {
  /** Relative, with "/" between names; no "." or ".." in it. */
  readonly path: string;
  readonly user?: number;
  readonly group?: number;
}

export type TarEntry = EntryPlace &
  (
    | { readonly type: "folder"; readonly mode?: number }
    | { readonly type: "file"; readonly mode?: number; readonly bytes: Uint8Array }
    /** Bytes of a file of this machine; it must have exactly `size` of them. */
    | { readonly type: "copy"; readonly mode?: number; readonly from: string; readonly size: number }
    | { readonly type: "link"; readonly target: string }
  );

const blockBytes = 512;
const nameBytesMax = 100;
const prefixBytesMax = 155;
/** Octal field of 11 digits. */
const sizeMax = 8 ** 11 - 1;

/** Complete and in order: each folder before what is in it. A path that is there twice is an error, for one of them would be lost. */
export function completeEntries(entries: readonly TarEntry[]): readonly TarEntry[] {
  const byPath = new Map<string, TarEntry>();
  for (const entry of entries) {
    const names = entry.path.split("/");
    if (names.some((name) => name === "" || name === "." || name === ".."))
      throw new Error(`${entry.path} is not a plain relative path`);
    if (byPath.has(entry.path)) throw new Error(`${entry.path} is there twice`);
    byPath.set(entry.path, entry);
  }
  for (const { path } of entries) {
    const names = path.split("/");
    for (let count = 1; count < names.length; count += 1) {
      const parent = names.slice(0, count).join("/");
      const known = byPath.get(parent);
      if (known === undefined) byPath.set(parent, { type: "folder", path: parent });
      else if (known.type !== "folder") throw new Error(`${parent} is no folder, but ${path} is in it`);
    }
  }
  return [...byPath.values()].sort((one, other) => Buffer.compare(Buffer.from(one.path), Buffer.from(other.path)));
}

/** The archive's bytes. Rejects when a file to copy is not there or has another size than said. */
export async function* tarBytes(entries: readonly TarEntry[]): AsyncGenerator<Uint8Array> {
  for (const entry of completeEntries(entries)) {
    yield* headersOf(entry);
    const size = sizeOf(entry);
    if (entry.type === "file") yield entry.bytes;
    if (entry.type === "copy") yield* copied(entry.from, size);
    const rest = size % blockBytes;
    if (rest > 0) yield new Uint8Array(blockBytes - rest);
  }
  yield new Uint8Array(2 * blockBytes);
}

async function* copied(from: string, size: number): AsyncGenerator<Uint8Array> {
  let read = 0;
  for await (const chunk of createReadStream(from, { highWaterMark: 1024 * 1024 })) {
    const bytes: Uint8Array = chunk;
    read += bytes.length;
    if (read > size) break;
    yield bytes;
  }
  if (read !== size) throw new Error(`${from} changed while it was read: ${size} bytes were expected`);
}

function sizeOf(entry: TarEntry): number {
  if (entry.type === "file") return entry.bytes.length;
  return entry.type === "copy" ? entry.size : 0;
}

function* headersOf(entry: TarEntry): Generator<Uint8Array> {
  const path = entry.type === "folder" ? `${entry.path}/` : entry.path;
  const target = entry.type === "link" ? entry.target : "";
  const split = splitPath(path);
  const records: string[] = [];
  if (split === undefined) records.push(paxRecord("path", path));
  if (Buffer.byteLength(target) > nameBytesMax) records.push(paxRecord("linkpath", target));
  if (records.length > 0) {
    const body = Buffer.from(records.join(""));
    yield header({ name: "pax", prefix: "", type: "x", mode: 0o644, size: body.length, target: "", user: 0, group: 0 });
    yield body;
    if (body.length % blockBytes > 0) yield new Uint8Array(blockBytes - (body.length % blockBytes));
  }
  const { user = 0, group = user } = entry;
  const types = { folder: "5", file: "0", copy: "0", link: "2" } as const;
  yield header({
    name: split?.name ?? Buffer.from(path).subarray(0, nameBytesMax).toString("latin1"),
    prefix: split?.prefix ?? "",
    type: types[entry.type],
    mode: entry.type === "link" ? 0o777 : (entry.mode ?? (entry.type === "folder" ? 0o755 : 0o644)),
    size: sizeOf(entry),
    target: Buffer.from(target).subarray(0, nameBytesMax).toString("latin1"),
    user,
    group,
  });
}

/** "length key=value\n", where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

/** The path as ustar's two fields, bytes as latin1 text; undefined when it does not fit. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } | undefined {
  const text = Buffer.from(path).toString("latin1");
  if (text.length <= nameBytesMax) return { name: text, prefix: "" };
  const slash = text.indexOf("/", text.length - nameBytesMax - 1);
  const isFitting = slash > 0 && slash <= prefixBytesMax && slash < text.length - 1;
  return isFitting ? { name: text.slice(slash + 1), prefix: text.slice(0, slash) } : undefined;
}

interface HeaderFields {
  readonly name: string;
  readonly prefix: string;
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  readonly target: string;
  readonly user: number;
  readonly group: number;
}

function header(fields: HeaderFields): Uint8Array {
  if (fields.size > sizeMax) throw new Error(`${fields.name} is larger than ustar can say`);
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, width: number): void => {
    block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "latin1");
  };
  block.write(fields.name, 0, "latin1");
  octal(fields.mode, 100, 8);
  octal(fields.user, 108, 8);
  octal(fields.group, 116, 8);
  octal(fields.size, 124, 12);
  octal(0, 136, 12);
  block.write("        ", 148, "latin1");
  block.write(fields.type, 156, "latin1");
  block.write(fields.target, 157, "latin1");
  block.write("ustar", 257, "latin1");
  block.write("00", 263, "latin1");
  block.write(fields.prefix, 345, "latin1");
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

// Reads a bolt database (the file format of containerd's metadata): values by a path of buckets, keys of a bucket. Read-only, bounded, no locks: pages of a
// committed state are not overwritten until the transaction after next, and what does not add up is a Fault.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Fault } from "../../../base/fault.ts";

export const boltLimits = { pageBytesMax: 64 * 1024, overflowMax: 4096, depthMax: 64, itemsMax: 1_000_000 } as const;

const magic = 0xed0cdaed;
const pageHeader = 16;
const flags = { branch: 1, leaf: 2, meta: 4 } as const;

interface Item {
  readonly key: Buffer;
  readonly isBucket: boolean;
  readonly value: Buffer;
}

/** Items of one bucket, in the order of their keys. */
export interface Bucket {
  items(): Generator<Item>;
  /** The bucket inside by this name, or undefined. */
  bucket(name: string): Bucket | undefined;
  value(name: string): Buffer | undefined;
}

export interface BoltFile extends Disposable {
  readonly root: Bucket;
}

/** Throws Fault "registry/bad-bolt" or "registry/unreadable". */
export function openBolt(path: string): BoltFile {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown";
    throw new Fault(`${path}: it cannot be read (${code})`, {
      code: code === "ENOENT" ? "registry/not-found" : "registry/unreadable",
      kind: code === "ENOENT" ? "not-found" : "forbidden",
      hint: "containerd's folder is root's: run as root on its node",
    });
  }
  try {
    const { pageBytes, rootPage } = readMeta(descriptor, path);
    const size = fstatSync(descriptor).size;
    const file: File = { descriptor, path, pageBytes, pages: Math.ceil(size / pageBytes), left: boltLimits.itemsMax };
    return { root: bucketAt(file, rootPage, undefined), [Symbol.dispose]: () => closeSync(descriptor) };
  } catch (thrown) {
    closeSync(descriptor);
    throw thrown;
  }
}

interface File {
  readonly descriptor: number;
  readonly path: string;
  readonly pageBytes: number;
  readonly pages: number;
  left: number;
}

function bad(path: string, because: string): Fault {
  return new Fault(`${path}: it is no bolt database: ${because}`, { code: "registry/bad-bolt", kind: "usage" });
}

/** Of the first two pages the valid one with the higher transaction counts. */
function readMeta(descriptor: number, path: string): { pageBytes: number; rootPage: number } {
  const first = readBytes(descriptor, 0, boltLimits.pageBytesMax * 2);
  const metas: { pageBytes: number; rootPage: number; transaction: bigint }[] = [];
  for (const size of [0, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536]) {
    if (size + 80 > first.length) break;
    const page = first.subarray(size);
    const meta = page.subarray(pageHeader);
    if (meta.readUInt32LE(0) !== magic || meta.readUInt32LE(4) !== 2) continue;
    if (meta.readBigUInt64LE(56) !== fnv1a(meta.subarray(0, 56))) continue;
    const pageBytes = meta.readUInt32LE(8);
    if (size !== 0 && size !== pageBytes) continue;
    metas.push({ pageBytes, rootPage: Number(meta.readBigUInt64LE(16)), transaction: meta.readBigUInt64LE(48) });
  }
  metas.sort((left, right) => (left.transaction < right.transaction ? 1 : -1));
  const [meta] = metas;
  if (meta === undefined) throw bad(path, "it has no valid first page");
  if (meta.pageBytes < 512 || meta.pageBytes > boltLimits.pageBytesMax)
    throw bad(path, "its pages have a strange size");
  return meta;
}

function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

function readBytes(descriptor: number, at: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  const length = readSync(descriptor, buffer, 0, bytes, at);
  return buffer.subarray(0, length);
}

function pageAt(file: File, id: number): Buffer {
  if (!Number.isSafeInteger(id) || id < 2 || id >= file.pages) throw bad(file.path, `page ${id} lies outside`);
  const head = readBytes(file.descriptor, id * file.pageBytes, file.pageBytes);
  const overflow = head.length < pageHeader ? 0 : head.readUInt32LE(12);
  if (overflow > boltLimits.overflowMax || id + overflow >= file.pages) throw bad(file.path, `page ${id} is too long`);
  const whole =
    overflow === 0 ? head : readBytes(file.descriptor, id * file.pageBytes, (overflow + 1) * file.pageBytes);
  if (whole.length < pageHeader || Number(whole.readBigUInt64LE(0)) !== id)
    throw bad(file.path, `page ${id} is another`);
  return whole;
}

/** A small bucket lies inside its parent's value; then `inline` is its only page. */
function bucketAt(file: File, page: number, inline: Buffer | undefined): Bucket {
  function* items(): Generator<Item> {
    yield* itemsOf(file, inline ?? pageAt(file, page), 0);
  }
  const find = (name: string): Item | undefined => {
    const wanted = Buffer.from(name);
    for (const item of items()) {
      const order = Buffer.compare(item.key, wanted);
      if (order === 0) return item;
      if (order > 0) return undefined;
    }
    return undefined;
  };
  return {
    items,
    bucket(name) {
      const item = find(name);
      if (item === undefined || !item.isBucket) return undefined;
      if (item.value.length < 16) throw bad(file.path, "a bucket is too short");
      const own = Number(item.value.readBigUInt64LE(0));
      return bucketAt(file, own, own === 0 ? item.value.subarray(16) : undefined);
    },
    value(name) {
      const item = find(name);
      return item === undefined || item.isBucket ? undefined : item.value;
    },
  };
}

function* itemsOf(file: File, page: Buffer, depth: number): Generator<Item> {
  if (depth > boltLimits.depthMax) throw bad(file.path, "its pages go in a circle");
  if (page.length < pageHeader) throw bad(file.path, "a page is too short");
  const kind = page.readUInt16LE(8);
  const count = page.readUInt16LE(10);
  if (pageHeader + count * 16 > page.length) throw bad(file.path, "a page names more than it holds");
  for (let index = 0; index < count; index++) {
    if (file.left-- <= 0) throw bad(file.path, `more than ${boltLimits.itemsMax} items`);
    const at = pageHeader + index * 16;
    if ((kind & flags.branch) !== 0) {
      yield* itemsOf(file, pageAt(file, Number(page.readBigUInt64LE(at + 8))), depth + 1);
    } else if ((kind & flags.leaf) !== 0) {
      const key = at + page.readUInt32LE(at + 4);
      const value = key + page.readUInt32LE(at + 8);
      const end = value + page.readUInt32LE(at + 12);
      if (end > page.length) throw bad(file.path, "an item leads outside its page");
      yield {
        key: page.subarray(key, value),
        isBucket: (page.readUInt32LE(at) & 1) !== 0,
        value: page.subarray(value, end),
      };
    } else throw bad(file.path, "a page is of no kind that holds items");
  }
}

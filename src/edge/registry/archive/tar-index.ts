// Where the files of an outer tar lie: one pass over its headers, bodies skipped. ustar, PAX and GNU names; links are resolved inside the tar.
import { Fault } from "../../../base/fault.ts";

export interface TarMember {
  /** Of the body, from the start of the (inflated) tar. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What an index is read from: bytes in order. */
export interface ByteSource {
  /** Exactly `bytes`, or fewer at the end. */
  take(bytes: number): Promise<Uint8Array>;
  skip(bytes: number): Promise<void>;
}

export const tarLimits = {
  membersMax: 100_000,
  nameBytesMax: 1024 * 1024,
  /** A link to a link to ... */
  linksMax: 10,
  /** Small members of a compressed archive are kept from the first pass, so that reading them needs no second one. */
  keptBytesMax: 1024 * 1024,
  keptTotalBytesMax: 32 * 1024 * 1024,
} as const;

export interface TarIndex {
  readonly members: ReadonlyMap<string, TarMember>;
  readonly kept: ReadonlyMap<string, Uint8Array>;
  /** The first bytes of members that were not kept whole: they say how a layer is packed. */
  readonly heads: ReadonlyMap<string, Uint8Array>;
}

const block = 512;

/** Reads to the end mark or the end of the source. Throws Fault "registry/bad-archive" for what is no tar, or is cut in a header or a body. */
export async function indexTar(source: ByteSource, what: string, keep: boolean): Promise<TarIndex> {
  const members = new Map<string, TarMember>();
  const links = new Map<string, string>();
  const keeper = createKeeper(source, what, keep);
  const global: Attributes = {};
  let next: Attributes = {};
  for (let offset = 0, headers = 0; ; headers++) {
    if (headers > tarLimits.membersMax) throw badArchive(what, `it has more than ${tarLimits.membersMax} members`);
    const header = await source.take(block);
    if (header.length === 0 || (header.length === block && header.every((byte) => byte === 0))) break;
    if (header.length < block) throw badArchive(what, `it is cut in a header, at byte ${offset + header.length}`);
    const entry = readHeader(header, what, offset);
    offset += block;
    if (isMeta(entry.type)) {
      const size = entry.sizeBytes;
      if (size > tarLimits.nameBytesMax) throw badArchive(what, "one of its headers is too large");
      const padded = Math.ceil(size / block) * block;
      const body = await exactly(source, padded, what);
      if (entry.type === "g") Object.assign(global, attributesOf("x", body.subarray(0, size)));
      else next = { ...next, ...attributesOf(entry.type, body.subarray(0, size)) };
      offset += padded;
      continue;
    }
    const size = next.size ?? entry.sizeBytes;
    const name = normalName(next.path ?? global.path ?? entry.name);
    const target = next.linkPath ?? global.linkPath ?? entry.linkName;
    next = {};
    if (entry.type === "1") links.set(name, normalName(target));
    else if (entry.type === "2") links.set(name, resolveFrom(name, target));
    if (["1", "2", "3", "4", "5", "6"].includes(entry.type)) continue;
    if (isFile(entry.type)) members.set(name, { offset, sizeBytes: size });
    await keeper.pass(isFile(entry.type) ? name : "", size);
    offset += Math.ceil(size / block) * block;
  }
  if (members.size === 0) throw badArchive(what, "it is no tar, or an empty one");
  return { members: withLinks(members, links), kept: keeper.kept, heads: keeper.heads };
}

/** Goes past bodies, and keeps small ones and the heads of the others where the source cannot be read twice cheaply. */
function createKeeper(source: ByteSource, what: string, keep: boolean) {
  const kept = new Map<string, Uint8Array>();
  const heads = new Map<string, Uint8Array>();
  let keptBytes = 0;
  return {
    kept,
    heads,
    async pass(name: string, size: number): Promise<void> {
      const padded = Math.ceil(size / block) * block;
      if (!keep || name === "" || size === 0) return await source.skip(padded);
      if (size <= tarLimits.keptBytesMax && keptBytes + size <= tarLimits.keptTotalBytesMax) {
        kept.set(name, Uint8Array.from((await exactly(source, padded, what)).subarray(0, size)));
        keptBytes += size;
        return;
      }
      heads.set(name, Uint8Array.from((await exactly(source, block, what)).subarray(0, 8)));
      await source.skip(padded - block);
    },
  };
}

interface Attributes {
  path?: string;
  linkPath?: string;
  size?: number;
}

const isMeta = (type: string): boolean => ["x", "g", "L", "K"].includes(type);
const isFile = (type: string): boolean => type === "0" || type === "\0" || type === "7";

async function exactly(source: ByteSource, bytes: number, what: string): Promise<Uint8Array> {
  const taken = await source.take(bytes);
  if (taken.length < bytes) throw badArchive(what, "it is cut in the middle");
  return taken;
}

function readHeader(header: Uint8Array, what: string, offset: number) {
  const text = (start: number, length: number): string => {
    const field = Buffer.from(header.buffer, header.byteOffset + start, length);
    const end = field.indexOf(0);
    return field.toString("utf8", 0, end < 0 ? length : end);
  };
  const written = Number.parseInt(text(148, 8).trim(), 8);
  let sum = 0;
  for (let index = 0; index < block; index++) sum += index >= 148 && index < 156 ? 32 : header[index]!;
  if (written !== sum) throw badArchive(what, offset === 0 ? "it is no tar" : `a header is damaged at byte ${offset}`);
  const prefix = text(257, 5) === "ustar" && text(257, 8) !== "ustar  " ? text(345, 155) : "";
  const name = text(0, 100);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    linkName: text(157, 100),
    type: String.fromCharCode(header[156]!),
    sizeBytes: sizeOf(header, what, offset),
  };
}

/** Octal, or base-256 for 8 GiB and more. */
function sizeOf(header: Uint8Array, what: string, offset: number): number {
  const field = header.subarray(124, 136);
  let size = 0;
  if ((field[0]! & 0x80) === 0) {
    const digits = Buffer.from(field).toString("latin1").replaceAll(/[\0 ]/g, "");
    size = digits === "" ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : -1;
  } else {
    for (let index = 0; index < 12; index++) size = size * 256 + (index === 0 ? field[0]! & 0x7f : field[index]!);
  }
  if (!Number.isSafeInteger(size) || size < 0) throw badArchive(what, `a size is no number, at byte ${offset}`);
  return size;
}

/** GNU's long names are text up to a zero; PAX records are "length key=value\n". */
function attributesOf(type: string, body: Uint8Array): Attributes {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  if (type === "L" || type === "K") {
    const end = bytes.indexOf(0);
    const name = bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
    return type === "L" ? { path: name } : { linkPath: name };
  }
  const found: Attributes = {};
  for (let start = 0; start < bytes.length;) {
    const blank = bytes.indexOf(0x20, start);
    const length = blank < 0 ? Number.NaN : Number(bytes.toString("latin1", start, blank));
    if (!Number.isInteger(length) || length <= blank - start || start + length > bytes.length) break;
    const record = bytes.toString("utf8", blank + 1, start + length - 1);
    const sign = record.indexOf("=");
    const value = record.slice(sign + 1);
    const key = record.slice(0, sign);
    if (key === "path") found.path = value;
    else if (key === "linkpath") found.linkPath = value;
    else if (key === "size" && /^\d{1,15}$/.test(value)) found.size = Number(value);
    start += length;
  }
  return found;
}

/** Without "./" and leading slashes; ".." stays inside. */
function normalName(name: string): string {
  return resolveFrom("", name);
}

function resolveFrom(from: string, target: string): string {
  const start = target.startsWith("/") ? [] : from.split("/").slice(0, -1);
  const parts: string[] = [];
  for (const part of [...start, ...target.split("/")]) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** docker save writes a layer that it has already written as a link to it. */
function withLinks(members: Map<string, TarMember>, links: ReadonlyMap<string, string>): Map<string, TarMember> {
  for (const [name, first] of links) {
    let target: string | undefined = first;
    for (let hops = 0; hops < tarLimits.linksMax && target !== undefined && !members.has(target); hops++) {
      target = links.get(target);
    }
    const member = target === undefined ? undefined : members.get(target);
    if (member !== undefined && !members.has(name)) members.set(name, member);
  }
  return members;
}

export function badArchive(what: string, because: string): Fault {
  return new Fault(`${what}: it cannot be read as an archive: ${because}`, {
    code: "registry/bad-archive",
    kind: "usage",
  });
}

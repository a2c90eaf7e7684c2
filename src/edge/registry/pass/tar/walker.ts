// Walks a tar that comes in pieces of any size. Bodies nobody wants cost a subtraction; wanted ones are handed on as views of the piece, never copied here.
// Reads what Go's archive/tar reads, as container runtimes unpack with it: where tools differ, what runs is what counts.
import { blockBytes, fieldEnd, number, readHeader, tarFault, type TarHeader } from "./header.ts";
import { createNameReader, pathText, type NameLimits, type NameReader, type NameRefusal } from "./names.ts";
import { globalClaims, readPax, runsOf, type PaxHeader, type PaxSparse } from "./pax.ts";
import { oldGnuPairs, sparseSink } from "./sparse.ts";

export type TarKind = "file" | "directory" | "symlink" | "hardlink" | "other";

export interface TarMember {
  readonly kind: TarKind;
  readonly folder: string;
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a file, as it reads (holes included). */
  readonly sizeBytes: number;
  /** Of links: as written; of a hard link the cleaned path, "" when it leaves the root. */
  readonly linkTarget: string;
}

/** Takes a body. `write` answers whether more is wanted; its argument is only good during the call. */
export interface BodySink {
  write(bytes: Buffer): boolean;
  /** `isWhole` is false when the tar ended before the body did. */
  end(isWhole: boolean): void;
}

export interface TarHandler {
  member(member: TarMember): BodySink | undefined;
  /** A name that was not taken (it leaves the root, or is over a limit), or the body of a sparse file that is mostly a claim. */
  refused(why: Exclude<NameRefusal, "root"> | "sparse", path: string): void;
  /** A global header wants to rename or resize what follows. */
  globalIgnored(keys: readonly string[]): void;
}

export interface TarWalker {
  /** Throws a Fault when the tar is broken; the walker must not be fed afterwards. */
  push(chunk: Buffer): void;
  /** The stream is over. Throws a Fault when that is in the middle of something. */
  end(): void;
  readonly isDone: boolean;
}

const specialBytesMax = 1024 * 1024;
const sparseNumbersMax = 200_000;
/** Holes cost a header nothing, and a reader their whole length. */
const sparseBytesMax = 1024 ** 3;
const flags = { x: 0x78, X: 0x58, g: 0x67, L: 0x4c, K: 0x4b, S: 0x53 } as const;

/** What extended headers say about the entry that follows them. */
interface Pending {
  pax: PaxHeader | undefined;
  longName: Buffer | undefined;
  longLink: Buffer | undefined;
}

/** A half-read old sparse header, whose extension blocks are still to come. */
interface SparseStart {
  readonly header: TarHeader;
  readonly path: Buffer;
  readonly numbers: number[];
  readonly realBytes: number;
}

interface Walk {
  readonly handler: TarHandler;
  readonly limits: NameLimits;
  readonly names: NameReader;
  readonly pending: Pending;
  /** A header that came in two pieces. */
  readonly carry: Buffer;
  carried: number;
  /** Of the body at hand: who takes it, what is left of it, and of its padding. */
  sink: BodySink | undefined;
  left: number;
  padding: number;
  zeroBlocks: number;
  isDone: boolean;
  sparse: SparseStart | undefined;
}

export function createTarWalker(handler: TarHandler, limits: NameLimits): TarWalker {
  const walk: Walk = {
    handler,
    limits,
    names: createNameReader(limits),
    pending: { pax: undefined, longName: undefined, longLink: undefined },
    carry: Buffer.alloc(blockBytes),
    carried: 0,
    sink: undefined,
    left: 0,
    padding: 0,
    zeroBlocks: 0,
    isDone: false,
    sparse: undefined,
  };
  return {
    get isDone() {
      return walk.isDone;
    },
    push(chunk) {
      for (let offset = 0; offset < chunk.length && !walk.isDone;) offset += step(walk, chunk, offset);
    },
    end() {
      if (walk.isDone) return;
      const isCut = walk.left > 0 || walk.carried > 0 || walk.sparse !== undefined;
      walk.sink?.end(false);
      walk.sink = undefined;
      if (isCut) throw tarFault("tar-truncated", "The tar ends in the middle of an entry");
    },
  };
}

/** Takes some bytes of the chunk and says how many. */
function step(walk: Walk, chunk: Buffer, offset: number): number {
  if (walk.left > 0) return feedBody(walk, chunk, offset);
  if (walk.padding > 0) {
    const taken = Math.min(walk.padding, chunk.length - offset);
    walk.padding -= taken;
    return taken;
  }
  if (walk.carried === 0 && chunk.length - offset >= blockBytes) {
    takeBlock(walk, chunk, offset);
    return blockBytes;
  }
  const taken = chunk.copy(walk.carry, walk.carried, offset, offset + blockBytes - walk.carried);
  walk.carried += taken;
  if (walk.carried === blockBytes) {
    walk.carried = 0;
    takeBlock(walk, walk.carry, 0);
  }
  return taken;
}

function feedBody(walk: Walk, chunk: Buffer, offset: number): number {
  const taken = Math.min(walk.left, chunk.length - offset);
  walk.left -= taken;
  const { sink } = walk;
  if (sink === undefined) return taken;
  const wantsMore = sink.write(chunk.subarray(offset, offset + taken));
  if (walk.left > 0 && wantsMore) return taken;
  walk.sink = undefined;
  sink.end(walk.left === 0);
  return taken;
}

/** Starts a body of so many stored bytes. */
function startBody(walk: Walk, bytes: number, sink: BodySink | undefined): void {
  walk.left = bytes;
  walk.padding = (blockBytes - (bytes % blockBytes)) % blockBytes;
  if (bytes > 0) walk.sink = sink;
  else sink?.end(true);
}

function takeBlock(walk: Walk, bytes: Buffer, start: number): void {
  if (walk.sparse !== undefined) {
    walk.sparse.numbers.push(...oldGnuPairs(bytes, start, 21));
    if (walk.sparse.numbers.length > sparseNumbersMax) throw tarFault("tar-sparse", "A sparse map has too many runs");
    if (bytes[start + 504] === 0) finishSparse(walk, walk.sparse);
    return;
  }
  const header = readHeader(bytes, start);
  if (header === undefined) {
    walk.zeroBlocks++;
    if (walk.zeroBlocks === 2) walk.isDone = true;
    return;
  }
  if (walk.zeroBlocks > 0) throw tarFault("tar-zero-block", "A tar goes on after a block of zeros");
  const special = specialSink(header, walk.pending, walk.handler);
  if (special !== undefined) {
    if (header.sizeBytes > specialBytesMax) throw tarFault("tar-extended", "An extended tar header is over its limit");
    startBody(walk, header.sizeBytes, special);
  } else if (header.flag === flags.S) startSparse(walk, header);
  else takeMember(walk, header, header.path.subarray(header.pathStart, header.pathEnd));
}

function startSparse(walk: Walk, header: TarHeader): void {
  const { block, blockStart } = header;
  const started = {
    header,
    path: Buffer.from(header.path.subarray(header.pathStart, header.pathEnd)),
    numbers: oldGnuPairs(block, blockStart + 386, 4),
    realBytes: number(block, blockStart + 483, 12),
  };
  if (block[blockStart + 482] !== 0) walk.sparse = started;
  else finishSparse(walk, started);
}

function finishSparse(walk: Walk, { header, path, numbers, realBytes }: SparseStart): void {
  walk.sparse = undefined;
  takeMember(walk, header, path, { realBytes, runs: runsOf(numbers, realBytes) });
}

function takeMember(walk: Walk, header: TarHeader, ownPath: Buffer, old?: PaxSparse): void {
  const { pax, longName, longLink } = walk.pending;
  walk.pending.pax = walk.pending.longName = walk.pending.longLink = undefined;
  const path = longName ?? pax?.path ?? ownPath;
  const kind = kindOf(header.flag, path.at(-1) === 0x2f);
  const stored = hasBody(header.flag) && kind !== "directory" ? (pax?.sizeBytes ?? header.sizeBytes) : 0;
  const holes = old ?? (kind === "file" ? pax?.sparse : undefined);
  const name = walk.names(path, 0, path.length);
  let sink: BodySink | undefined;
  if (typeof name !== "string") {
    const isLink = kind === "symlink" || kind === "hardlink";
    sink = walk.handler.member({
      kind,
      folder: name.folder,
      name: name.name,
      mode: header.mode,
      uid: pax?.uid ?? header.uid,
      gid: pax?.gid ?? header.gid,
      sizeBytes: holes?.realBytes ?? stored,
      linkTarget: isLink ? linkOf(walk, header, kind, longLink ?? pax?.linkTarget) : "",
    });
  } else if (name !== "root") walk.handler.refused(name, shownPath(path));
  if (sink !== undefined && holes !== undefined && holes.realBytes > sparseBytesMax) {
    sink.end(false);
    sink = undefined;
    walk.handler.refused("sparse", shownPath(path));
  }
  startBody(
    walk,
    stored,
    sink === undefined || holes === undefined ? sink : sparseSink(sink, holes.realBytes, holes.runs),
  );
}

function shownPath(path: Buffer): string {
  return pathText(path, 0, Math.min(path.length, 256));
}

function linkOf(walk: Walk, header: TarHeader, kind: TarKind, given: Buffer | undefined): string {
  const { blockStart, block } = header;
  const bytes = given ?? block.subarray(blockStart + 157, fieldEnd(block, blockStart + 157, 100));
  if (kind === "symlink") return pathText(bytes, 0, Math.min(bytes.length, walk.limits.pathBytesMax));
  const name = walk.names(bytes, 0, bytes.length);
  if (typeof name === "string") return "";
  return name.folder === "" ? name.name : `${name.folder}/${name.name}`;
}

function kindOf(flag: number, hasSlash: boolean): TarKind {
  switch (flag) {
    case 0x30:
    case 0:
      return hasSlash ? "directory" : "file";
    case 0x37:
    case flags.S:
      return "file";
    case 0x31:
      return "hardlink";
    case 0x32:
      return "symlink";
    case 0x35:
      return "directory";
    default:
      return "other";
  }
}

/** Links, devices, folders and pipes have none, whatever their size field says. */
function hasBody(flag: number): boolean {
  return flag < 0x31 || flag > 0x36;
}

/** Collects an extended header; undefined when this is an entry of its own. */
function specialSink(header: TarHeader, pending: Pending, handler: TarHandler): BodySink | undefined {
  const { flag } = header;
  if (flag !== flags.x && flag !== flags.X && flag !== flags.g && flag !== flags.L && flag !== flags.K)
    return undefined;
  const parts: Buffer[] = [];
  return {
    write(bytes) {
      parts.push(Buffer.from(bytes));
      return true;
    },
    end(isWhole) {
      if (!isWhole) return;
      const text = Buffer.concat(parts);
      if (flag === flags.L) pending.longName = text.subarray(0, fieldEnd(text, 0, text.length));
      else if (flag === flags.K) pending.longLink = text.subarray(0, fieldEnd(text, 0, text.length));
      else if (flag === flags.g) {
        const keys = globalClaims(text);
        if (keys.length > 0) handler.globalIgnored(keys);
      } else pending.pax = readPax(text);
    },
  };
}

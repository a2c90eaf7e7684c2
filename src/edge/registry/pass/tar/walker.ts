// Walks a tar that comes in pieces of any size. Bodies nobody wants cost a subtraction; wanted ones are handed on as views of the piece, never copied here.
// Reads what Go's archive/tar reads, as container runtimes unpack with it: where tools differ, what runs is what counts.
import { blockBytes, fieldEnd, readHeader, tarFault, type TarHeader } from "./header.ts";
import { createNameReader, pathText, type NameLimits, type NameRefusal } from "./names.ts";
import { globalClaims, readPax, runsOf, type PaxHeader, type SparseRun } from "./pax.ts";
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
  /** A name that was not taken: it leaves the root, or is over a limit. */
  refused(why: Exclude<NameRefusal, "root">, path: string): void;
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
const flags = { x: 0x78, X: 0x58, g: 0x67, L: 0x4c, K: 0x4b, S: 0x53 } as const;

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

export function createTarWalker(handler: TarHandler, limits: NameLimits): TarWalker {
  const carry = Buffer.alloc(blockBytes);
  const names = createNameReader(limits);
  const pending: Pending = { pax: undefined, longName: undefined, longLink: undefined };
  let carried = 0;
  let sink: BodySink | undefined;
  let left = 0;
  let padding = 0;
  let zeroBlocks = 0;
  let isDone = false;
  let sparse: SparseStart | undefined;

  /** Starts a body of `bytes` stored bytes. */
  const body = (bytes: number, to: BodySink | undefined) => {
    left = bytes;
    padding = (blockBytes - (bytes % blockBytes)) % blockBytes;
    if (bytes > 0) sink = to;
    else to?.end(true);
  };

  const block = (bytes: Buffer, start: number) => {
    if (sparse !== undefined) {
      sparse.numbers.push(...oldGnuPairs(bytes, start, 21));
      if (bytes[start + 504] === 0) finishSparse(sparse);
      return;
    }
    const header = readHeader(bytes, start);
    if (header === undefined) {
      zeroBlocks++;
      if (zeroBlocks === 2) isDone = true;
      return;
    }
    if (zeroBlocks > 0) throw tarFault("tar-zero-block", "A tar goes on after a block of zeros");
    const special = specialSink(header, pending, handler);
    if (special !== undefined) {
      if (header.sizeBytes > specialBytesMax)
        throw tarFault("tar-extended", "An extended tar header is over its limit");
      body(header.sizeBytes, special);
    } else if (header.flag === flags.S) startSparse(header);
    else member(header, header.path, [header.pathStart, header.pathEnd]);
  };

  const startSparse = (header: TarHeader) => {
    const { block: bytes, blockStart } = header;
    const path = Buffer.from(header.path.subarray(header.pathStart, header.pathEnd));
    const numbers = oldGnuPairs(bytes, blockStart + 386, 4);
    const realBytes = sizeAt(bytes, blockStart + 483);
    const started = { header, path, numbers, realBytes };
    if (bytes[blockStart + 482] !== 0) sparse = started;
    else finishSparse(started);
  };

  const finishSparse = ({ header, path, numbers, realBytes }: SparseStart) => {
    sparse = undefined;
    member(header, path, [0, path.length], { realBytes, runs: runsOf(numbers, realBytes) });
  };

  const member = (
    header: TarHeader,
    bytes: Buffer,
    [start, end]: readonly [number, number],
    old?: { readonly realBytes: number; readonly runs: readonly SparseRun[] },
  ) => {
    const { pax, longName, longLink } = pending;
    pending.pax = pending.longName = pending.longLink = undefined;
    const path = longName ?? pax?.path ?? bytes;
    const isOwn = path === bytes;
    const from = isOwn ? start : 0;
    const to = isOwn ? end : path.length;
    const kind = kindOf(header.flag, path[to - 1] === 0x2f);
    const stored = hasBody(header.flag) && kind !== "directory" ? (pax?.sizeBytes ?? header.sizeBytes) : 0;
    const holes = old ?? (kind === "file" ? pax?.sparse : undefined);
    const name = names(path, from, to);
    let to_: BodySink | undefined;
    if (typeof name !== "string") {
      const linkTarget =
        kind === "symlink" || kind === "hardlink" ? linkOf(header, kind, longLink ?? pax?.linkTarget) : "";
      to_ = handler.member({
        kind,
        folder: name.folder,
        name: name.name,
        mode: header.mode,
        uid: pax?.uid ?? header.uid,
        gid: pax?.gid ?? header.gid,
        sizeBytes: holes?.realBytes ?? stored,
        linkTarget,
      });
    } else if (name !== "root") handler.refused(name, pathText(path, from, Math.min(to, from + 256)));
    body(stored, to_ === undefined || holes === undefined ? to_ : sparseSink(to_, holes.realBytes, holes.runs));
  };

  const linkOf = (header: TarHeader, kind: TarKind, given: Buffer | undefined): string => {
    const bytes = given ?? header.block;
    const start = given === undefined ? header.blockStart + 157 : 0;
    const end = given === undefined ? fieldEnd(bytes, start, 100) : given.length;
    if (kind === "symlink") return pathText(bytes, start, Math.min(end, start + limits.pathBytesMax));
    const name = names(bytes, start, end);
    if (typeof name === "string") return "";
    return name.folder === "" ? name.name : `${name.folder}/${name.name}`;
  };

  const feedBody = (chunk: Buffer, offset: number): number => {
    const take = Math.min(left, chunk.length - offset);
    if (sink !== undefined && !sink.write(chunk.subarray(offset, offset + take))) {
      sink.end(left === take);
      sink = undefined;
    }
    left -= take;
    if (left === 0 && sink !== undefined) {
      const ended = sink;
      sink = undefined;
      ended.end(true);
    }
    return take;
  };

  return {
    get isDone() {
      return isDone;
    },
    push(chunk) {
      let offset = 0;
      while (offset < chunk.length && !isDone) {
        if (left > 0) offset += feedBody(chunk, offset);
        else if (padding > 0) {
          const take = Math.min(padding, chunk.length - offset);
          padding -= take;
          offset += take;
        } else if (carried === 0 && chunk.length - offset >= blockBytes) {
          offset += blockBytes;
          block(chunk, offset - blockBytes);
        } else {
          const take = chunk.copy(carry, carried, offset, offset + blockBytes - carried);
          carried += take;
          offset += take;
          if (carried < blockBytes) continue;
          carried = 0;
          block(carry, 0);
        }
      }
    },
    end() {
      if (isDone) return;
      sink?.end(false);
      sink = undefined;
      if (left > 0 || carried > 0 || sparse !== undefined)
        throw tarFault("tar-truncated", "The tar ends in the middle of an entry");
    },
  };
}

function sizeAt(block: Buffer, start: number): number {
  return oldGnuPairs(Buffer.concat([block.subarray(start, start + 12), Buffer.alloc(12)]), 0, 1)[0] ?? 0;
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

// One file that somebody else appends to, line by line from where it was left: over rotation (rename and a new file), truncation and restarts.
// Nothing is forgotten before it is committed: a line may come twice after a crash, never not at all.
import { createHash } from "node:crypto";
import { open, readdir, stat, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { auditFileLimits } from "./limits.ts";
import { isLater, rotatedFiles } from "./rotated-files.ts";

/** Where reading goes on. `head` is the hash of the file's first bytes, at most 256 and at most `offset`. */
export interface FilePlace {
  readonly device: number;
  readonly inode: number;
  readonly offset: number;
  readonly head: string;
  /** Inside a line that is longer than the limit: up to its end nothing is read. */
  readonly skips: boolean;
}

export interface FileReading {
  /** Whole lines, "\n" between them. */
  readonly text: string;
  /** Lines that were longer than the limit and ended or began in this reading. */
  readonly tooLong: number;
  /** Says that the lines are safe: the next reading goes on behind them. Without it they come again. */
  commit(): FilePlace;
}

export interface FileFollower {
  /** The next whole lines, or undefined when there is nothing new. Rejects as the file system does when the file cannot be read. */
  read(): Promise<FileReading | undefined>;
  /** Times that a file was emptied or replaced in place, and that a rotated one was not found any more, or only compressed. */
  readonly counters: { readonly rotations: number; readonly truncations: number; readonly lost: number };
  close(): Promise<void>;
}

/** `from` undefined: from the file's beginning. */
export function followFile(file: string, from: FilePlace | undefined): FileFollower {
  return new Follower(file, from);
}

class Follower implements FileFollower {
  readonly counters = { rotations: 0, truncations: 0, lost: 0 };
  readonly #file: string;
  #place: FilePlace | undefined;
  #handle: FileHandle | undefined;
  readonly #buffer = Buffer.allocUnsafe(auditFileLimits.chunkBytes);

  constructor(file: string, from: FilePlace | undefined) {
    this.#file = file;
    this.#place = from;
  }

  async read(): Promise<FileReading | undefined> {
    const { handle, place } = await this.#openAt();
    const { size } = await handle.stat();
    if (size < place.offset || !(await isSame(handle, place))) {
      this.counters.truncations += 1;
      this.#place = { ...place, offset: 0, head: "", skips: false };
      return await this.read();
    }
    const { bytesRead } = await handle.read(this.#buffer, 0, this.#buffer.length, place.offset);
    const reading = await this.#reading(handle, place, this.#buffer.subarray(0, bytesRead));
    if (reading !== undefined) return reading;
    if (!(await this.#isRotated(place))) return undefined;
    // Lines that were written between that reading and the rotation.
    if ((await handle.stat()).size > place.offset + bytesRead) return await this.read();
    // Nobody writes to the old file any more: what stands behind its last line break is a line, too.
    if (bytesRead > 0 && bytesRead <= auditFileLimits.lineBytesMax && !place.skips) {
      return this.#made(
        place,
        this.#buffer.toString("utf8", 0, bytesRead),
        0,
        await this.#behind(handle, place, bytesRead),
      );
    }
    await this.#next(handle, place);
    return await this.read();
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #openAt(): Promise<{ readonly handle: FileHandle; readonly place: FilePlace }> {
    if (this.#handle !== undefined && this.#place !== undefined) return { handle: this.#handle, place: this.#place };
    const kept = this.#place;
    let handle = await open(this.#file, "r");
    const { dev: device, ino: inode } = await handle.stat();
    let place: FilePlace = { device, inode, offset: 0, head: "", skips: false };
    if (kept !== undefined && kept.device === device && kept.inode === inode) place = kept;
    else if (kept !== undefined) {
      const old = await siblingOf(this.#file, kept);
      if (old === undefined) this.counters.lost += 1;
      else {
        await handle.close();
        handle = await open(old, "r");
        place = kept;
      }
    }
    this.#handle = handle;
    this.#place = place;
    return { handle, place };
  }

  /** Whole lines in the bytes, or undefined when there is not even one. */
  async #reading(handle: FileHandle, place: FilePlace, bytes: Buffer): Promise<FileReading | undefined> {
    const end = bytes.lastIndexOf(lineBreak) + 1;
    const start = place.skips ? bytes.indexOf(lineBreak) + 1 : 0;
    if (end > 0) {
      const { text, tooLong } = shortLines(bytes.subarray(start, end));
      return this.#made(place, text, tooLong, await this.#behind(handle, place, end));
    }
    if (bytes.length === 0 || (!place.skips && bytes.length <= auditFileLimits.lineBytesMax)) return undefined;
    const next = await this.#behind(handle, place, bytes.length);
    return this.#made(place, "", place.skips ? 0 : 1, { ...next, skips: true });
  }

  #made(place: FilePlace, text: string, tooLong: number, next: FilePlace): FileReading {
    return {
      text,
      tooLong,
      commit: () => {
        // Unless the file was found replaced in between.
        if (this.#place === place) this.#place = next;
        return next;
      },
    };
  }

  async #behind(handle: FileHandle, place: FilePlace, bytes: number): Promise<FilePlace> {
    const offset = place.offset + bytes;
    const isWhole = place.head !== "" && place.offset >= auditFileLimits.headBytesMax;
    const head = isWhole ? place.head : await headOf(handle, Math.min(offset, auditFileLimits.headBytesMax));
    return { ...place, offset, head, skips: false };
  }

  async #isRotated(place: FilePlace): Promise<boolean> {
    try {
      const now = await stat(this.#file);
      return now.ino !== place.inode || now.dev !== place.device;
    } catch (error) {
      // Between the rename and the new file there is none.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  }

  /**
   * Goes on behind a file that was rotated away and read to its end: with the oldest rotated one that is later, because there may have been several rotations
   * since, or with the file itself. The file is opened before the folder is listed: one that is rotated in between is then held already.
   */
  async #next(done: FileHandle, { device, inode }: FilePlace): Promise<void> {
    const current = await open(this.#file, "r");
    let next = current;
    try {
      const [now, old] = [await current.stat(), await done.stat()];
      const all = (await rotatedFiles(this.#file)).filter((one) => one.inode !== now.ino || one.device !== now.dev);
      const own = all.find((one) => one.inode === inode && one.device === device);
      const later = all.filter((one) => one !== own && isLater(one, own ?? { mtimeMs: old.mtimeMs, name: "" }));
      const readable = later.findIndex((one) => !one.isCompressed);
      const first = later[readable];
      if (first !== undefined) {
        next = await open(first.path, "r");
        // Renamed again since the list was made: the next look makes a new one.
        if ((await next.stat()).ino !== first.inode) throw new Error(`${first.path} was rotated just now`);
      }
      // Removed already: what was rotated away after it may be gone, too, and nobody can tell.
      this.counters.lost += (readable < 0 ? later.length : readable) + (old.nlink === 0 ? 1 : 0);
      const facts = await next.stat();
      this.#place = { device: facts.dev, inode: facts.ino, offset: 0, head: "", skips: false };
    } catch (error) {
      if (next !== current) await next.close();
      await current.close();
      throw error;
    }
    if (next !== current) await current.close();
    await done.close();
    this.#handle = next;
    this.counters.rotations += 1;
  }
}

const lineBreak = 0x0a;

/** Without the lines that are longer than the limit. */
function shortLines(bytes: Buffer): { readonly text: string; readonly tooLong: number } {
  if (bytes.length <= auditFileLimits.lineBytesMax) return { text: bytes.toString("utf8"), tooLong: 0 };
  const kept: Buffer[] = [];
  let tooLong = 0;
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(lineBreak, start) + 1 || bytes.length;
    if (end - start > auditFileLimits.lineBytesMax) tooLong += 1;
    else kept.push(bytes.subarray(start, end));
    start = end;
  }
  return { text: Buffer.concat(kept).toString("utf8"), tooLong };
}

async function headOf(handle: FileHandle, length: number): Promise<string> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, 0);
  return createHash("sha256").update(bytes.subarray(0, bytesRead)).digest("hex");
}

async function isSame(handle: FileHandle, place: FilePlace): Promise<boolean> {
  if (place.head === "") return true;
  return (await headOf(handle, Math.min(place.offset, auditFileLimits.headBytesMax))) === place.head;
}

/** The file of this inode in the same folder, which rotation renamed. */
async function siblingOf(file: string, { device, inode }: FilePlace): Promise<string | undefined> {
  const folder = path.dirname(file);
  for (const name of (await readdir(folder)).slice(0, auditFileLimits.siblingsMax)) {
    const place = path.join(folder, name);
    const facts = await stat(place).catch(() => undefined);
    if (facts?.isFile() === true && facts.ino === inode && facts.dev === device) return place;
  }
  return undefined;
}

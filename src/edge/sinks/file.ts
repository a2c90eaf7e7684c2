// Lines in a file that is turned over at a size: NAME, NAME.1, NAME.2, ... A line is written whole or not at all, a full disk is a failure that may be tried
// again, and what was acknowledged is on the disk. A file that somebody moved away is made again.
import { constants } from "node:fs";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { Fault, toFault } from "../../base/fault.ts";
import type { FileTarget } from "../../model/sink.ts";
import { lineOf } from "./formats/line.ts";
import { sinkLimits, type Outgoing, type Sent, type SinkConnection } from "./sink.ts";
import { outputPath, type SinkSurroundings } from "./surroundings.ts";

interface Current {
  readonly handle: FileHandle;
  readonly inode: number;
  size: number;
}

/** Never fails: a folder that is not there is told when events are sent. */
export function openFile(target: FileTarget, surroundings: SinkSurroundings): SinkConnection {
  let current: Current | undefined;
  let place = "";

  async function close(): Promise<void> {
    const { handle } = current ?? {};
    current = undefined;
    await handle?.close();
  }

  /** The open file, as long as its name still means it. */
  async function ready(): Promise<Current> {
    place = place === "" ? await outputPath(target.path, surroundings) : place;
    const named = await stat(place).catch(() => undefined);
    if (current !== undefined && named?.ino !== current.inode) await close();
    if (current !== undefined) return current;
    const { O_CREAT, O_APPEND, O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    const handle = await open(place, O_CREAT | O_APPEND | O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0o600);
    const opened = await handle.stat();
    if (!opened.isFile()) {
      await handle.close();
      throw new Fault(`${place} is no regular file`, {
        code: "sinks/no-file",
        kind: "usage",
        hint: "choose another name",
      });
    }
    current = { handle, inode: opened.ino, size: opened.size };
    return current;
  }

  async function turnOver(): Promise<void> {
    await close();
    await rm(`${place}.${target.filesMax}`, { force: true });
    for (let number = target.filesMax - 1; number >= 0; number -= 1) {
      const from = number === 0 ? place : `${place}.${number}`;
      await rename(from, `${place}.${number + 1}`).catch(ignoreMissing);
    }
  }

  async function write(lines: readonly Buffer[]): Promise<void> {
    let file = await ready();
    for (const part of partsOf(lines, file.size, target.rotateBytes)) {
      if (part.isNewFile) {
        await turnOver();
        file = await ready();
      }
      await append(file, part.bytes);
    }
  }

  return {
    batchMax: sinkLimits.batchMax,
    async send(events: readonly Outgoing[]): Promise<Sent> {
      const lines = events.map((event) =>
        Buffer.from(`${lineOf(event, target.format, { version: surroundings.version }).text}\n`),
      );
      try {
        await write(lines);
      } catch (thrown) {
        throw faultOf(thrown, place === "" ? target.path : place);
      }
      return { detail: "written", bytes: lines.reduce((sum, line) => sum + line.length, 0), cut: 0 };
    },
    [Symbol.asyncDispose]: close,
  };
}

interface Part {
  readonly bytes: Buffer;
  readonly isNewFile: boolean;
}

/** Lines that go into one file together; a line that is longer than a file has one for itself. */
function partsOf(lines: readonly Buffer[], sizeNow: number, rotateBytes: number): readonly Part[] {
  const parts: { lines: Buffer[]; isNewFile: boolean }[] = [{ lines: [], isNewFile: false }];
  let size = sizeNow;
  for (const line of lines) {
    if (size > 0 && size + line.length > rotateBytes) {
      parts.push({ lines: [], isNewFile: true });
      size = 0;
    }
    parts.at(-1)?.lines.push(line);
    size += line.length;
  }
  return parts
    .filter((part) => part.lines.length > 0)
    .map((part) => ({ bytes: Buffer.concat(part.lines), isNewFile: part.isNewFile }));
}

/** All of it on the disk, or the file as it was. */
async function append(file: Current, bytes: Buffer): Promise<void> {
  try {
    for (let written = 0; written < bytes.length;) {
      const { bytesWritten } = await file.handle.write(bytes, written);
      written += bytesWritten;
    }
    await file.handle.datasync();
    file.size += bytes.length;
  } catch (error) {
    await file.handle.truncate(file.size);
    throw error;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

const words: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the quota is used up",
  EROFS: "the file system is read-only",
  EACCES: "the server may not write there",
  ELOOP: "it is a symbolic link",
  EISDIR: "it is a folder",
};

function faultOf(thrown: unknown, place: string): Fault {
  if (thrown instanceof Fault) return thrown;
  const { code = "" } = thrown as NodeJS.ErrnoException;
  return new Fault(`cannot write ${place}: ${words[code] ?? toFault(thrown).message}`, {
    code: code === "ENOSPC" || code === "EDQUOT" ? "sinks/disk-full" : "sinks/cannot-write",
    kind: "unavailable",
    hint: code === "ENOSPC" ? "make room; it is tried again" : "look at the folder and its owner",
    cause: thrown,
  });
}

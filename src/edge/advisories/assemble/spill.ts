// Where records wait, on disk, until all feeds are read: one file per ecosystem (and per bucket of ids), JSON lines. Memory holds a few megabytes whatever the feeds' size.
import { appendFileSync, createReadStream, mkdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { createHash } from "node:crypto";
import { linesOf } from "../read/lines.ts";

/** Characters that wait in memory, of all files together. */
const waitingCharsMax = 16 * 2 ** 20;
/** Files of one build: a feed that names more ecosystems than these is broken. */
export const spillFilesMax = 5000;

export interface Spill {
  add(name: string, line: unknown): void;
  names(): readonly string[];
  bytesOf(name: string): number;
  /** In the order in which they were added. */
  read(name: string): AsyncGenerator;
  remove(): void;
}

/** Makes `folder`; `remove` takes it away. */
export function createSpill(folder: string): Spill {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const waiting = new Map<string, string[]>();
  const files = new Map<string, string>();
  let waitingChars = 0;
  const flush = (): void => {
    for (const [name, lines] of waiting) {
      if (lines.length > 0) appendFileSync(fileOf(name), lines.join(""));
    }
    waiting.clear();
    waitingChars = 0;
  };
  const fileOf = (name: string): string => {
    const known = files.get(name);
    if (known !== undefined) return known;
    const file = path.join(folder, `${createHash("sha256").update(name).digest("hex").slice(0, 32)}.jsonl`);
    files.set(name, file);
    return file;
  };
  return {
    add: (name, line) => {
      const text = `${JSON.stringify(line)}\n`;
      const lines = waiting.get(name);
      if (lines === undefined) waiting.set(name, [text]);
      else lines.push(text);
      waitingChars += text.length;
      fileOf(name);
      if (waitingChars > waitingCharsMax) flush();
    },
    names: () => [...files.keys()].sort(),
    bytesOf: (name) => {
      flush();
      const file = files.get(name);
      return file === undefined ? 0 : (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
    },
    async *read(name) {
      flush();
      const file = files.get(name);
      if (file === undefined) return;
      // Written by this process a moment ago: what does not parse is a bug.
      for await (const { text } of linesOf(createReadStream(file, { highWaterMark: 1 << 20 })))
        yield JSON.parse(text ?? "");
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

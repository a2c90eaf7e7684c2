// Small files of /proc, /sys and cgroupfs, read at once: their text, or why there is none.
import { closeSync, openSync, readlinkSync, readSync } from "node:fs";

/** Of one file; mountinfo of a crowded node is a few hundred KiB. What is longer is cut. */
export const textBytesMax = 1024 * 1024;
const buffer = Buffer.alloc(textBytesMax);

export type Reading = { readonly text: string } | { readonly because: string };

const reasons: Readonly<Record<string, string>> = {
  EACCES: "may not be read (run as root)",
  EPERM: "may not be read (run as root)",
  ENOENT: "is not there",
  ESRCH: "the process has ended",
  ENOTDIR: "is not there",
};

/** "/proc/7/status may not be read (run as root)". */
function becauseOf(path: string, error: unknown): string {
  const { code = "" } = error as NodeJS.ErrnoException;
  return `${path} ${reasons[code] ?? `cannot be read (${code})`}`;
}

export function readText(path: string): Reading {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    return { because: becauseOf(path, error) };
  }
  try {
    let length = 0;
    for (;;) {
      const bytes = readSync(descriptor, buffer, length, textBytesMax - length, null);
      length += bytes;
      if (bytes === 0 || length === textBytesMax) return { text: buffer.toString("utf8", 0, length) };
    }
  } catch (error) {
    return { because: becauseOf(path, error) };
  } finally {
    closeSync(descriptor);
  }
}

/** The first line, or "" when there is no such file: for facts that may be absent. */
export function lineOf(path: string): string {
  const reading = readText(path);
  return "text" in reading ? (reading.text.split("\n", 1)[0] ?? "").trim() : "";
}

export function readLink(path: string): Reading {
  try {
    return { text: readlinkSync(path) };
  } catch (error) {
    return { because: becauseOf(path, error) };
  }
}

// Paths of a tar as a runtime would lay them down: no leading "/", "." and ".." resolved by their text, nothing outside the root.
// One loop over the bytes; the folder of the entry before is remembered, because a tar goes folder by folder.

export interface TarName {
  /** "" for the root's own children. */
  readonly folder: string;
  readonly name: string;
}

export type NameRefusal = "root" | "escapes" | "too-long" | "empty";

export interface NameLimits {
  readonly pathBytesMax: number;
  readonly pathSegmentsMax: number;
}

export type NameReader = (bytes: Buffer, start: number, end: number) => TarName | NameRefusal;

/** UTF-8; a path that is not UTF-8 is read as Latin-1, so that two different ones stay different. */
export function pathText(bytes: Buffer, start: number, end: number): string {
  for (let at = start; at < end; at++) {
    if (bytes[at]! < 128) continue;
    const text = bytes.toString("utf8", start, end);
    return text.includes("\ufffd") ? bytes.toString("latin1", start, end) : text;
  }
  return bytes.toString("latin1", start, end);
}

/** A reader with a memory of one folder. */
export function createNameReader(limits: NameLimits): NameReader {
  const lastBytes = Buffer.alloc(1024);
  let lastLength = -1;
  let lastFolder = "";
  return (bytes, start, end) => {
    let from = start;
    let to = end;
    while (from < to && (bytes[from] === 0x2f || (bytes[from] === 0x2e && bytes[from + 1] === 0x2f && from + 1 < to))) {
      from += bytes[from] === 0x2f ? 1 : 2;
    }
    while (to > from && bytes[to - 1] === 0x2f) to--;
    if (to - from > limits.pathBytesMax) return "too-long";
    if (to === from) return end === start ? "empty" : "root";
    const cut = lastSlash(bytes, from, to);
    if (cut === -2) return cleaned(pathText(bytes, from, to), limits);
    if (cut === -1) return { folder: "", name: pathText(bytes, from, to) };
    const length = cut - from;
    if (length !== lastLength || bytes.compare(lastBytes, 0, length, from, cut) !== 0) {
      lastFolder = pathText(bytes, from, cut);
      if (segments(lastFolder) >= limits.pathSegmentsMax) return "too-long";
      lastLength = length <= lastBytes.length ? bytes.copy(lastBytes, 0, from, cut) : -1;
    }
    return { folder: lastFolder, name: pathText(bytes, cut + 1, to) };
  };
}

/** The last "/" of a path that is clean; -1: there is none; -2: it holds "//" or a segment "." or "..". */
function lastSlash(bytes: Buffer, from: number, to: number): number {
  let cut = from - 1;
  for (let at = from; at <= to; at++) {
    if (at < to && bytes[at] !== 0x2f) continue;
    const length = at - cut - 1;
    if (length === 0) return -2;
    if (length <= 2 && bytes[cut + 1] === 0x2e && (length === 1 || bytes[cut + 2] === 0x2e)) return -2;
    if (at < to) cut = at;
  }
  return cut < from ? -1 : cut;
}

function segments(folder: string): number {
  let count = 1;
  for (let at = folder.indexOf("/"); at >= 0; at = folder.indexOf("/", at + 1)) count++;
  return count;
}

function cleaned(path: string, limits: NameLimits): TarName | NameRefusal {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return "escapes";
  }
  if (parts.length > limits.pathSegmentsMax) return "too-long";
  const name = parts.pop();
  return name === undefined ? "root" : { folder: parts.join("/"), name };
}

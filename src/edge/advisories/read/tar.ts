// Files of a tar stream, one after the other: ustar, pax and GNU long names, base-256 sizes. Links and devices are not files and are passed over.
import { unreadable } from "./unreadable.ts";

export interface TarEntry {
  readonly name: string;
  readonly sizeBytes: number;
  /** Of a symbolic link: where it leads; "" of files. */
  readonly link: string;
  /** To be read before the next entry; what is left is skipped. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

const block = 512;
/** Of a pax header or a long name. */
const headerBytesMax = 1 << 20;

/** Throws for a stream that is no tar or ends too early. Symbolic links are given only when asked for. */
export async function* tarEntries(
  source: AsyncIterable<Uint8Array>,
  links: "with-links" | "files" = "files",
): AsyncGenerator<TarEntry> {
  const reader = createReader(source);
  let longName = "";
  let longSize: number | undefined;
  try {
    for (;;) {
      const header = await reader.exactly(block);
      if (header === undefined || header.every((byte) => byte === 0)) return;
      if (!isHeader(header)) throw unreadable("it is not a tar archive, or a header in it is damaged");
      const sizeBytes = longSize ?? numberAt(header, 124, 12);
      const type = String.fromCharCode(header[156] ?? 0);
      const padding = (block - (sizeBytes % block)) % block;
      if (type === "x" || type === "g" || type === "L" || type === "K") {
        if (sizeBytes > headerBytesMax) throw unreadable("a header in the archive is too long");
        const data = await reader.exactly(sizeBytes + padding);
        if (data === undefined) throw unreadable("the archive ends too early");
        if (type === "L") longName = textAt(data, 0, sizeBytes);
        if (type === "x") {
          const records = paxOf(data.subarray(0, sizeBytes));
          longName = records.get("path") ?? longName;
          const size = records.get("size");
          if (size !== undefined && /^\d{1,15}$/.test(size)) longSize = Number(size);
        }
        continue;
      }
      const name = longName === "" ? nameAt(header) : longName;
      const isFile = type === "0" || type === "\0" || type === "7";
      if (isFile) {
        const body = reader.body(sizeBytes);
        yield { name, sizeBytes, link: "", bytes: body };
        await reader.skip(body);
      } else if (type === "2" && links === "with-links")
        yield { name, sizeBytes: 0, link: textAt(header, 157, 100), bytes: reader.body(0) };
      else if ("123456".includes(type) && sizeBytes > 0 && type !== "5") await reader.drop(sizeBytes);
      await reader.drop(padding);
      [longName, longSize] = ["", undefined];
    }
  } finally {
    await reader.close();
  }
}

interface Body extends AsyncIterable<Uint8Array> {
  rest(): number;
}

interface Reader {
  exactly(length: number): Promise<Uint8Array | undefined>;
  body(length: number): Body;
  skip(body: Body): Promise<void>;
  drop(length: number): Promise<void>;
  close(): Promise<void>;
}

function createReader(source: AsyncIterable<Uint8Array>): Reader {
  const pieces = source[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  const more = async (): Promise<boolean> => {
    const next = await pieces.next();
    if (next.done === true) return false;
    held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
    return true;
  };
  const take = (length: number): Uint8Array => {
    const piece = held.subarray(0, length);
    held = held.subarray(length);
    return piece;
  };
  const drop = async (length: number): Promise<void> => {
    let left = length;
    while (left > 0) {
      if (held.length === 0 && !(await more())) throw unreadable("the archive ends too early");
      left -= take(left).length;
    }
  };
  return {
    exactly: async (length) => {
      while (held.length < length) {
        if (!(await more())) {
          if (held.length === 0) return undefined;
          throw unreadable("the archive ends too early");
        }
      }
      return take(length);
    },
    body: (length) => {
      let left = length;
      return {
        rest: () => left,
        async *[Symbol.asyncIterator]() {
          while (left > 0) {
            if (held.length === 0 && !(await more())) throw unreadable("the archive ends too early");
            const piece = take(left);
            left -= piece.length;
            yield piece;
          }
        },
      };
    },
    skip: (body) => drop(body.rest()),
    drop,
    close: async () => void (await pieces.return?.()),
  };
}

function isHeader(header: Uint8Array): boolean {
  let sum = 0;
  for (let at = 0; at < block; at += 1) sum += at >= 148 && at < 156 ? 32 : (header[at] ?? 0);
  return sum === numberAt(header, 148, 8);
}

/** Octal, or base 256 when the first bit is set. Not a number: -1, which no checksum has. */
function numberAt(header: Uint8Array, from: number, length: number): number {
  if (((header[from] ?? 0) & 0x80) !== 0) {
    let value = (header[from] ?? 0) & 0x7f;
    for (let at = from + 1; at < from + length; at += 1) value = value * 256 + (header[at] ?? 0);
    if (!Number.isSafeInteger(value)) throw unreadable("a size in the archive is not believable");
    return value;
  }
  const digits = textAt(header, from, length).trim();
  if (digits === "") return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : -1;
}

function textAt(bytes: Uint8Array, from: number, length: number): string {
  const end = bytes.indexOf(0, from);
  return Buffer.from(bytes.subarray(from, end < 0 || end > from + length ? from + length : end)).toString("utf8");
}

function nameAt(header: Uint8Array): string {
  const isUstar = textAt(header, 257, 5) === "ustar";
  const prefix = isUstar ? textAt(header, 345, 155) : "";
  const name = textAt(header, 0, 100);
  return prefix === "" ? name : `${prefix}/${name}`;
}

function paxOf(data: Uint8Array): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const length = Number(Buffer.from(data.subarray(at, Math.max(at, space))).toString("latin1"));
    if (space < 0 || !Number.isInteger(length) || length < 5 || at + length > data.length) break;
    const line = Buffer.from(data.subarray(space + 1, at + length - 1)).toString("utf8");
    const equals = line.indexOf("=");
    if (equals > 0) records.set(line.slice(0, equals), line.slice(equals + 1));
    at += length;
  }
  return records;
}

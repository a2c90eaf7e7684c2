// One JSON document, member by member: a tracker of 70 MB is never whole in memory. It finds where values begin and end; JSON.parse reads them.
import { lineBytesMax } from "./lines.ts";
import { unreadable } from "./unreadable.ts";

export interface JsonMember {
  /** Keys (and indexes of arrays) that lead to it. */
  readonly path: readonly string[];
  /** As it stands in the document; undefined when it is too large to be kept. */
  readonly text: string | undefined;
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const opening: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const closing: ReadonlySet<number> = new Set([0x7d, 0x5d]);
const blank: ReadonlySet<number> = new Set([0x20, 0x0a, 0x0d, 0x09]);

interface Container {
  readonly isArray: boolean;
  key: string;
  index: number;
  isKeyNext: boolean;
}

/** Values that are `depth` containers deep, and plain values above. Throws when the document ends before it should. */
export async function* jsonMembers(bytes: AsyncIterable<Uint8Array>, depth: number): AsyncGenerator<JsonMember> {
  const scan = createScan(depth);
  for await (const piece of bytes) {
    yield* scanPiece(scan, piece);
  }
  if (scan.taking !== "" || scan.stack.length > 0) throw unreadable("the document ends too early");
}

interface Scan {
  readonly depth: number;
  readonly stack: Container[];
  held: Uint8Array[];
  heldBytes: number;
  /** What is being taken: a string (perhaps a key), a word (number, true), or a container with `nested` open within. */
  taking: "" | "string" | "word" | "container";
  isKey: boolean;
  nested: number;
  inString: boolean;
  isEscaped: boolean;
}

function createScan(depth: number): Scan {
  return {
    depth,
    stack: [],
    held: [],
    heldBytes: 0,
    taking: "",
    isKey: false,
    nested: 0,
    inString: false,
    isEscaped: false,
  };
}

/** Values that end in this piece. */
function scanPiece(scan: Scan, piece: Uint8Array): readonly JsonMember[] {
  const out: JsonMember[] = [];
  let from = 0;
  for (let at = 0; at < piece.length; at += 1) {
    const byte = piece[at] ?? 0;
    if (scan.taking === "") {
      between(scan, byte);
      from = at;
    } else if (scan.taking === "word") {
      if (!blank.has(byte) && byte !== comma && !closing.has(byte)) continue;
      keep(scan, piece.subarray(from, at));
      finish(scan, out);
      between(scan, byte);
    } else if (isEnd(scan, byte)) {
      keep(scan, piece.subarray(from, at + 1));
      finish(scan, out);
    }
  }
  if (scan.taking !== "") keep(scan, piece.subarray(from));
  return out;
}

function keep(scan: Scan, piece: Uint8Array): void {
  scan.heldBytes += piece.length;
  if (scan.heldBytes <= lineBytesMax) scan.held.push(piece);
  else scan.held = [];
}

function finish(scan: Scan, out: JsonMember[]): void {
  const text = scan.heldBytes > lineBytesMax ? undefined : Buffer.concat(scan.held).toString("utf8");
  [scan.held, scan.heldBytes, scan.taking] = [[], 0, ""];
  const top = scan.stack.at(-1);
  if (scan.isKey && top !== undefined) {
    top.key = text === undefined ? "" : keyOf(text);
    top.isKeyNext = false;
    scan.isKey = false;
    return;
  }
  out.push({ path: scan.stack.map((one) => (one.isArray ? String(one.index) : one.key)), text });
}

function begin(scan: Scan, byte: number): void {
  const top = scan.stack.at(-1);
  if (top !== undefined && !top.isArray && top.isKeyNext) {
    if (byte !== quote) throw unreadable("it is not JSON: a key was expected");
    [scan.taking, scan.isKey, scan.inString] = ["string", true, true];
  } else if (opening.has(byte)) {
    const isArray = byte === 0x5b;
    if (scan.stack.length < scan.depth) scan.stack.push({ isArray, key: "", index: 0, isKeyNext: !isArray });
    else [scan.taking, scan.nested, scan.inString] = ["container", 1, false];
  } else if (byte === quote) [scan.taking, scan.inString] = ["string", true];
  else scan.taking = "word";
}

/** Outside of anything that is taken. */
function between(scan: Scan, byte: number): void {
  const top = scan.stack.at(-1);
  if (blank.has(byte) || byte === 0xef || byte === 0xbb || byte === 0xbf) return;
  if (closing.has(byte)) {
    if (top === undefined) throw unreadable("it is not JSON: a bracket too many");
    scan.stack.pop();
  } else if (byte === comma && top !== undefined) {
    top.index += 1;
    top.isKeyNext = !top.isArray;
  } else if (byte !== colon) begin(scan, byte);
}

/** True when the value ends with this byte. */
function isEnd(scan: Scan, byte: number): boolean {
  if (scan.inString) {
    if (scan.isEscaped) scan.isEscaped = false;
    else if (byte === backslash) scan.isEscaped = true;
    else if (byte === quote) {
      scan.inString = false;
      return scan.taking === "string";
    }
    return false;
  }
  if (byte === quote) scan.inString = true;
  else if (opening.has(byte)) scan.nested += 1;
  else if (closing.has(byte)) {
    scan.nested -= 1;
    return scan.nested === 0;
  }
  return false;
}

function keyOf(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    throw unreadable("it is not JSON: a key is broken");
  }
}

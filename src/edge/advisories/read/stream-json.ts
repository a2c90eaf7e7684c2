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
    yield* scan.push(piece);
  }
  scan.end();
}

function createScan(depth: number): { push(piece: Uint8Array): JsonMember[]; end(): void } {
  const stack: Container[] = [];
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  /** What is being taken: a key, a string, a word (number, true), or a container with this many open within. */
  let taking: "" | "string" | "word" | "container" = "";
  let isKey = false;
  let nested = 0;
  let inString = false;
  let isEscaped = false;
  const keep = (piece: Uint8Array): void => {
    heldBytes += piece.length;
    if (heldBytes <= lineBytesMax) held.push(piece);
    else held = [];
  };
  const finish = (out: JsonMember[]): void => {
    const text = heldBytes > lineBytesMax ? undefined : Buffer.concat(held).toString("utf8");
    [held, heldBytes, taking] = [[], 0, ""];
    const top = stack.at(-1);
    if (isKey && top !== undefined) {
      top.key = text === undefined ? "" : keyOf(text);
      top.isKeyNext = false;
      isKey = false;
      return;
    }
    out.push({ path: stack.map((one) => (one.isArray ? String(one.index) : one.key)), text });
  };
  const begin = (byte: number): void => {
    const top = stack.at(-1);
    if (top !== undefined && !top.isArray && top.isKeyNext) {
      if (byte !== quote) throw unreadable("it is not JSON: a key was expected");
      [taking, isKey, inString] = ["string", true, true];
    } else if (opening.has(byte)) {
      if (stack.length < depth) stack.push({ isArray: byte === 0x5b, key: "", index: 0, isKeyNext: byte !== 0x5b });
      else [taking, nested, inString] = ["container", 1, false];
    } else if (byte === quote) [taking, inString] = ["string", true];
    else taking = "word";
  };
  /** Outside of anything that is taken. */
  const between = (byte: number): void => {
    const top = stack.at(-1);
    if (blank.has(byte) || byte === 0xef || byte === 0xbb || byte === 0xbf) return;
    if (closing.has(byte)) {
      if (top === undefined) throw unreadable("it is not JSON: a bracket too many");
      stack.pop();
    } else if (byte === comma && top !== undefined) {
      top.index += 1;
      top.isKeyNext = !top.isArray;
    } else if (byte !== colon) begin(byte);
  };
  /** True when the value ends with this byte. */
  const isEnd = (byte: number): boolean => {
    if (inString) {
      if (isEscaped) isEscaped = false;
      else if (byte === backslash) isEscaped = true;
      else if (byte === quote) {
        inString = false;
        return taking === "string";
      }
      return false;
    }
    if (byte === quote) inString = true;
    else if (opening.has(byte)) nested += 1;
    else if (closing.has(byte)) {
      nested -= 1;
      return nested === 0;
    }
    return false;
  };
  const push = (piece: Uint8Array): JsonMember[] => {
    const out: JsonMember[] = [];
    let from = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at] ?? 0;
      if (taking === "") {
        between(byte);
        from = at;
      } else if (taking === "word") {
        if (!blank.has(byte) && byte !== comma && !closing.has(byte)) continue;
        keep(piece.subarray(from, at));
        finish(out);
        between(byte);
      } else if (isEnd(byte)) {
        keep(piece.subarray(from, at + 1));
        finish(out);
      }
    }
    if (taking !== "") keep(piece.subarray(from));
    return out;
  };
  return {
    push,
    end: () => {
      if (taking !== "" || stack.length > 0) throw unreadable("the document ends too early");
    },
  };
}

function keyOf(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    throw unreadable("it is not JSON: a key is broken");
  }
}

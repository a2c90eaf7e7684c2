// What every value that an operator matches holds: so that one pass over a value rules most operators out. Nothing said: the operator is always asked.
import type { Clause } from "../regex/pattern.ts";
import { fold } from "../scan/plan-entries.ts";
import type { RuleOperator } from "../seclang/rule-set.ts";

/** Clauses of operators other than rx, whose pattern tells its own. Without regard to negation. */
export function clausesOf(operator: RuleOperator): readonly Clause[] {
  switch (operator.name) {
    case "pm":
    case "pmfromfile":
    case "pmf": {
      // Hex in bars is decoded by pm: such lists are always asked.
      const { words } = operator;
      if (words.length === 0 || words.includes("")) return [];
      if (operator.name === "pm" && words.some((word) => word.includes("|"))) return [];
      return [{ kind: "literals", literals: words.map(fold), isCaseless: true }];
    }
    case "contains":
    case "containsword":
    case "strmatch":
    case "streq":
    case "beginswith":
    case "endswith":
      if (operator.argument === "" || operator.argument.includes("%{")) return [];
      return [{ kind: "literals", literals: [operator.argument], isCaseless: false }];
    case "validatebyterange": {
      const allowed = bytesOfRanges(operator.argument);
      return allowed === undefined ? [] : [{ kind: "bytes", mask: allowed.map((word) => ~word >>> 0) }];
    }
    case "validateurlencoding":
      return [{ kind: "bytes", mask: maskOf((byte) => byte === 0x25) }];
    case "validateutf8encoding":
      return [{ kind: "bytes", mask: maskOf((byte) => byte >= 0x80) }];
    default:
      return [];
  }
}

function maskOf(isIn: (byte: number) => boolean): Uint32Array {
  const mask = new Uint32Array(8);
  for (let byte = 0; byte < 256; byte++) if (isIn(byte)) mask[byte >>> 5]! |= 1 << (byte & 31);
  return mask;
}

/** "9,10,32-126"; undefined: not readable. */
function bytesOfRanges(text: string): Uint32Array | undefined {
  const mask = new Uint32Array(8);
  for (const piece of text.split(",")) {
    const match = /^\s*(\d{1,3})(?:\s*-\s*(\d{1,3}))?\s*$/.exec(piece);
    if (match === null) return undefined;
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (from > 255 || to > 255 || from > to) return undefined;
    for (let byte = from; byte <= to; byte++) mask[byte >>> 5]! |= 1 << (byte & 31);
  }
  return mask;
}

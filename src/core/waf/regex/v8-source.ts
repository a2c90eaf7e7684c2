// The tree as a pattern that V8 understands, without any flag: case, dot, spaces and lines are spelled out, since V8's own
// notions of them differ (Latin-1 case, 0xA0 as space, \r as line end). Only for regular patterns.
import { assert } from "../../../base/assert.ts";
import { complement, countBytes, rangesOf, type ByteSet } from "./byte-set.ts";
import type { Assertion, PatternNode } from "./syntax.ts";

function byteText(byte: number): string {
  const char = String.fromCharCode(byte);
  return /[0-9A-Za-z_ "'<>=:;,@#%&~`!]/.test(char) ? char : `\\x${byte.toString(16).padStart(2, "0")}`;
}

function setText(set: ByteSet): string {
  const count = countBytes(set);
  if (count === 256) return "[^]";
  if (count === 0) return "[]";
  const isNegated = count > 128;
  const ranges = rangesOf(isNegated ? complement(set) : set);
  const [first] = ranges;
  if (!isNegated && count === 1 && first !== undefined) return byteText(first[0]);
  const inner = ranges.map(([from, to]) =>
    from === to ? byteText(from) : `${byteText(from)}${to === from + 1 ? "" : "-"}${byteText(to)}`,
  );
  return `[${isNegated ? "^" : ""}${inner.join("")}]`;
}

const assertionTexts: Readonly<Record<Assertion, string>> = {
  textStart: "^",
  textEnd: "$",
  textEndLoose: "(?=\\n?$)",
  // PCRE: not after a newline that ends the subject.
  lineStart: "(?:^|(?<=\\n)(?!$))",
  lineEnd: "(?=\\n|$)",
  // Without the u flag V8's \b is over ASCII words.
  wordBoundary: "\\b",
  notWordBoundary: "\\B",
};

function repeatText(node: Extract<PatternNode, { kind: "repeat" }>): string {
  const { min, max } = node;
  const counts =
    max === Number.POSITIVE_INFINITY
      ? min === 0
        ? "*"
        : min === 1
          ? "+"
          : `{${min},}`
      : min === 0 && max === 1
        ? "?"
        : min === max
          ? `{${min}}`
          : `{${min},${max}}`;
  const inner =
    node.node.kind === "set" || node.node.kind === "group" ? v8Source(node.node) : `(?:${v8Source(node.node)})`;
  return `${inner}${counts}${node.isLazy ? "?" : ""}`;
}

/** V8's text of a tree; groups keep their order and thereby their numbers. */
export function v8Source(node: PatternNode): string {
  switch (node.kind) {
    case "empty":
      return "";
    case "set":
      return setText(node.set);
    case "sequence":
      return node.nodes.map((child) => (child.kind === "choice" ? `(?:${v8Source(child)})` : v8Source(child))).join("");
    case "choice":
      return node.nodes.map(v8Source).join("|");
    case "repeat":
      return repeatText(node);
    case "group":
      return `(${v8Source(node.node)})`;
    case "assert":
      return assertionTexts[node.assertion];
    case "look":
    case "atomic":
    case "back":
      assert(false, `${node.kind} is never given to V8`);
      return "";
  }
}

// What an exclusion gives up: one member or one part of the paths ("narrow"), or a rule as a whole. Where a floor holds a mode the second is bounded, so what only looks
// like a member or a place, and means all of them, is whole.
import type { RuleVariable } from "../seclang/rule-set.ts";
import type { ByteSet } from "../regex/byte-set.ts";
import { bytesOf, foldByte } from "../regex/byte-set.ts";
import { parsePattern } from "../regex/parse-pattern.ts";
import type { PatternNode } from "../regex/syntax.ts";
import { innerVariables } from "./inner-variables.ts";
import { wafPolicyLimits } from "./limits.ts";

/** `target`: undefined for the rule as a whole. Its expression has been compiled before. */
export function isNarrow(target: RuleVariable | undefined, path: string): boolean {
  return isPlace(path) || (target !== undefined && isMember(target));
}

/** Its first segment is spelled out: "/upload", "/upload/**". Not "/", "/up**" or "**a**", of which a few mean every path. */
function isPlace(path: string): boolean {
  return /^\/[^*/]+(?:\/|$)/.test(path);
}

/** Values of rules are no members of a request: without TX:1 no chain that captures goes on. */
function isMember({ name, select, argument }: RuleVariable): boolean {
  if (innerVariables.has(name)) return false;
  if (select === "key") return argument !== "";
  if (select !== "regex") return false;
  const { root } = parsePattern(argument, { isMultiline: false, isDotAll: true, isCaseless: true });
  const beginning = beginningOf(root);
  return beginning.isAnchored && (beginning.isWhole || beginning.letters >= wafPolicyLimits.memberPrefixMin);
}

/** How a match must begin. */
interface Beginning {
  readonly isAnchored: boolean;
  /** Characters that stand fast, without case. */
  readonly letters: number;
  /** All of it stands fast up to the end of the text: one name. */
  readonly isWhole: boolean;
}

const loose: Beginning = { isAnchored: false, letters: 0, isWhole: false };

function beginningOf(root: PatternNode): Beginning {
  if (root.kind === "choice") {
    const branches = root.nodes.map(beginningOf);
    return {
      isAnchored: branches.every(({ isAnchored }) => isAnchored),
      letters: branches.reduce((least, { letters }) => Math.min(least, letters), Number.POSITIVE_INFINITY),
      isWhole: branches.every(({ isWhole }) => isWhole),
    };
  }
  if (root.kind === "group") return beginningOf(root.node);
  if (root.kind !== "sequence") return loose;
  const [first, ...rest] = root.nodes;
  if (first?.kind !== "assert" || first.assertion !== "textStart") return loose;
  const found = lettersOf(rest);
  return { isAnchored: true, letters: found.letters, isWhole: found.isEnd };
}

/** Fixed characters from the first on, and whether the text ends right behind them. */
function lettersOf(nodes: readonly PatternNode[]): { readonly letters: number; readonly isEnd: boolean } {
  let letters = 0;
  for (const node of nodes) {
    if (node.kind === "assert" && (node.assertion === "textEnd" || node.assertion === "textEndLoose"))
      return { letters, isEnd: true };
    if (node.kind === "set" && isLetter(node.set)) letters += 1;
    else return { letters: letters + leastLetters(node), isEnd: false };
  }
  return { letters, isEnd: false };
}

/** Of what is no plain character: a group's, the least of its branches, one of a repeated one. */
function leastLetters(node: PatternNode): number {
  switch (node.kind) {
    case "set":
      return isLetter(node.set) ? 1 : 0;
    case "sequence":
      return lettersOf(node.nodes).letters;
    case "choice":
      return node.nodes.reduce((least, each) => Math.min(least, leastLetters(each)), Number.POSITIVE_INFINITY);
    case "group":
    case "atomic":
      return leastLetters(node.node);
    case "repeat":
      return node.min === 0 ? 0 : leastLetters(node.node);
    case "empty":
    case "assert":
    case "look":
    case "back":
      return 0;
  }
}

/** One byte, or one letter in both cases. */
function isLetter(set: ByteSet): boolean {
  return new Set(bytesOf(set).map(foldByte)).size === 1;
}

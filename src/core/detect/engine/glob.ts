// Globs in linear time, without regular expressions: * (any run), ? (one character), [abc], [a-z] and [[:digit:]] (one of them), as fnmatch(3) has them without
// flags. No character is special otherwise, "/" neither.

type Part =
  | { readonly kind: "any" }
  | { readonly kind: "one" }
  | { readonly kind: "literal"; readonly character: string }
  | { readonly kind: "set"; readonly isNegated: boolean; readonly ranges: readonly Range[] };

/** True for texts that match the whole glob. */
export function globPattern(glob: string): (text: string) => boolean {
  const parts = partsOf(glob);
  if (parts.every((part) => part.kind === "literal")) return (text) => text === glob;
  return (text) => matches(parts, text);
}

function partsOf(glob: string): readonly Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < glob.length; at += 1) {
    const character = glob[at] as string;
    const end = character === "[" ? endOfSet(glob, at) : -1;
    if (end > 0) {
      parts.push(setOf(glob.slice(at + 1, end)));
      at = end;
    } else if (character === "*") {
      if (parts.at(-1)?.kind !== "any") parts.push({ kind: "any" });
    } else if (character === "?") parts.push({ kind: "one" });
    else if (character === "\\" && at + 1 < glob.length) {
      at += 1;
      parts.push({ kind: "literal", character: glob[at] as string });
    } else parts.push({ kind: "literal", character });
  }
  return parts;
}

/** Where the bracket closes; a "]" that comes first, and one within [:class:], is one of the characters. -1: it does not close. */
function endOfSet(glob: string, from: number): number {
  let at = from + 1;
  if (glob[at] === "!" || glob[at] === "^") at += 1;
  if (glob[at] === "]") at += 1;
  for (; at < glob.length; at += 1) {
    if (glob[at] === "]") return at;
    if (glob[at] === "\\") at += 1;
    const close = glob.startsWith("[:", at) ? glob.indexOf(":]", at + 2) : -1;
    if (close > 0) at = close + 1;
  }
  return -1;
}

type Range = readonly [from: string, to: string];

const letters: readonly Range[] = [
  ["A", "Z"],
  ["a", "z"],
];
const digits: Range = ["0", "9"];
const punctuation: readonly Range[] = [
  ["!", "/"],
  [":", "@"],
  ["[", "`"],
  ["{", "~"],
];

/** Of the C locale. */
const classes: Readonly<Record<string, readonly Range[]>> = {
  alpha: letters,
  digit: [digits],
  alnum: [...letters, digits],
  upper: [["A", "Z"]],
  lower: [["a", "z"]],
  punct: punctuation,
  xdigit: [digits, ["A", "F"], ["a", "f"]],
  blank: [
    [" ", " "],
    ["\t", "\t"],
  ],
  space: [
    [" ", " "],
    ["\t", "\r"],
  ],
  cntrl: [
    ["\0", "\x1f"],
    ["\x7f", "\x7f"],
  ],
  graph: [["!", "~"]],
  print: [[" ", "~"]],
};

function setOf(inner: string): Part {
  const isNegated = inner.startsWith("!") || inner.startsWith("^");
  const ranges: Range[] = [];
  for (let at = isNegated ? 1 : 0; at < inner.length; at += 1) {
    const name = /^\[:([a-z]+):\]/.exec(inner.slice(at, at + 12))?.[1] ?? "";
    const known = Object.hasOwn(classes, name) ? classes[name] : undefined;
    if (known !== undefined) {
      ranges.push(...known);
      at += name.length + 3;
      continue;
    }
    if (inner[at] === "\\" && at + 1 < inner.length) at += 1;
    const from = inner[at] as string;
    const isRange = inner[at + 1] === "-" && at + 2 < inner.length;
    ranges.push([from, isRange ? (inner[at + 2] as string) : from]);
    if (isRange) at += 2;
  }
  return { kind: "set", isNegated, ranges };
}

/** One place to go back to is enough: a later * makes an earlier one's choice final. Time: glob x text at most. */
function matches(parts: readonly Part[], text: string): boolean {
  let part = 0;
  let at = 0;
  let backPart = -1;
  let backAt = 0;
  while (at < text.length) {
    const here = parts[part];
    if (here?.kind === "any") {
      backPart = part;
      backAt = at;
      part += 1;
    } else if (here !== undefined && holds(here, text[at] as string)) {
      part += 1;
      at += 1;
    } else if (backPart >= 0) {
      backAt += 1;
      at = backAt;
      part = backPart + 1;
    } else return false;
  }
  while (parts[part]?.kind === "any") part += 1;
  return part === parts.length;
}

function holds(part: Part, character: string): boolean {
  switch (part.kind) {
    case "any":
    case "one":
      return true;
    case "literal":
      return part.character === character;
    case "set":
      return part.ranges.some(([from, to]) => character >= from && character <= to) !== part.isNegated;
  }
}

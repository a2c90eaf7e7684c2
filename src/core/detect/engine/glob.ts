// Globs in linear time, without regular expressions: * (any run), ? (one character), [abc] and [a-z] (one of them). No character is special otherwise, "/" neither.

type Part =
  | { readonly kind: "any" }
  | { readonly kind: "one" }
  | { readonly kind: "literal"; readonly character: string }
  | { readonly kind: "set"; readonly isNegated: boolean; readonly ranges: readonly (readonly [string, string])[] };

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
    const end = character === "[" ? glob.indexOf("]", at + 2) : -1;
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

function setOf(inner: string): Part {
  const isNegated = inner.startsWith("!") || inner.startsWith("^");
  const ranges: (readonly [string, string])[] = [];
  for (let at = isNegated ? 1 : 0; at < inner.length; at += 1) {
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

// Globs of Include within one path segment: `*`, `?` and `[...]`. In time of the product of both lengths, whatever the glob.

type Token =
  | { readonly kind: "star" }
  | { readonly kind: "any" }
  | { readonly kind: "set"; readonly inner: string; readonly isInverted: boolean }
  | { readonly kind: "character"; readonly character: string };

export function isGlob(text: string): boolean {
  return /[*?[]/.test(text);
}

/** Whether the glob means the whole name. */
export function globMatches(glob: string, name: string): boolean {
  const tokens = tokensOf(glob);
  let token = 0;
  let at = 0;
  // Only the last star may have to take more: what stands before it has found its place already.
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (current?.kind === "star") {
      star = token;
      starAt = at;
      token += 1;
    } else if (current !== undefined && takes(current, name[at] ?? "")) {
      token += 1;
      at += 1;
    } else if (star >= 0) {
      starAt += 1;
      at = starAt;
      token = star + 1;
    } else return false;
  }
  return tokens.slice(token).every(({ kind }) => kind === "star");
}

function tokensOf(glob: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let index = 0; index < glob.length; index += 1) {
    const character = glob[index] ?? "";
    const isInverted = glob[index + 1] === "!" || glob[index + 1] === "^";
    const open = index + (isInverted ? 2 : 1);
    const close = character === "[" ? glob.indexOf("]", open + 1) : -1;
    if (character === "*") tokens.push({ kind: "star" });
    else if (character === "?") tokens.push({ kind: "any" });
    else if (close > 0) {
      tokens.push({ kind: "set", inner: glob.slice(open, close), isInverted });
      index = close;
    } else tokens.push({ kind: "character", character });
  }
  return tokens;
}

function takes(token: Token, character: string): boolean {
  switch (token.kind) {
    case "star":
    case "any":
      return true;
    case "character":
      return token.character === character;
    case "set":
      return isIn(token.inner, character) !== token.isInverted;
  }
}

function isIn(inner: string, character: string): boolean {
  for (let index = 0; index < inner.length; index += 1) {
    const from = inner[index] ?? "";
    const to = inner[index + 1] === "-" ? inner[index + 2] : undefined;
    if (to === undefined ? from === character : from <= character && character <= to) return true;
    if (to !== undefined) index += 2;
  }
  return false;
}

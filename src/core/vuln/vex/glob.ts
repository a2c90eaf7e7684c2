// Patterns of exceptions: `*` is any run of characters within one path segment, `**` across. Time is the product of both lengths at most: no backtracking.

/** Whether the whole text is of the pattern. */
export function matchesGlob(pattern: string, text: string): boolean {
  if (!pattern.includes("*")) return pattern === text;
  const tokens = pattern.match(/\*\*|\*|[^*]/gsu) ?? [];
  // Places in the pattern that may be reached: after tokens[0..place-1].
  let reached = new Uint8Array(tokens.length + 1);
  reached[0] = 1;
  skipStars(tokens, reached);
  for (const char of text) {
    const next = new Uint8Array(tokens.length + 1);
    for (const [place, token] of tokens.entries()) {
      if (reached[place] !== 1) continue;
      if (token === "**" || (token === "*" && char !== "/")) next[place] = 1;
      else if (token === char) next[place + 1] = 1;
    }
    skipStars(tokens, next);
    reached = next;
  }
  return reached[tokens.length] === 1;
}

/** A star may stand for nothing. */
function skipStars(tokens: readonly string[], reached: Uint8Array): void {
  for (const [place, token] of tokens.entries())
    if (reached[place] === 1 && token.startsWith("*")) reached[place + 1] = 1;
}

// A member's name as an expression that means exactly it, and that stands in a list of targets without quotes.

export function keyExpression(key: string): string {
  return `^${escapedKey(key)}$`;
}

/** What would part targets or end the expression is written in hexadecimal. */
export function escapedKey(key: string): string {
  return key.replaceAll(/[\\^$.*+?()[\]{}|/,'"\s]/g, (character) =>
    /[|,'"\s/]/.test(character) && character.charCodeAt(0) < 256
      ? String.raw`\x` + character.charCodeAt(0).toString(16).padStart(2, "0")
      : `\\${character}`,
  );
}

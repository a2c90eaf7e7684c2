// Blanks are ASCII here: in a byte string 0xA0 is half of a letter, which `trim` and `\s` would eat.
const blanks = /[ \t\r\n\v\f]+/;

export function isBlank(character: string | undefined): boolean {
  return character !== undefined && " \t\r\n\v\f".includes(character) && character !== "";
}

/** From `index` on the first character that is no blank. */
export function skipBlanks(text: string, index: number): number {
  let at = index;
  while (at < text.length && isBlank(text[at])) at += 1;
  return at;
}

export function trimBlanks(text: string): string {
  const start = skipBlanks(text, 0);
  let end = text.length;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

/** Parts between blanks, empty ones left out. */
export function partsOf(text: string): readonly string[] {
  return text.split(blanks).filter((part) => part !== "");
}

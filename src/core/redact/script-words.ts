// Splits a shell script or any text into words without losing a character: joining before + quote + word + quote gives the text back.
// Not a shell: quotes count only where a word begins or after "=", and a quote without its end is an ordinary character.

export interface ScriptWord {
  /** Blanks before the word, and all that is left at the end of the text (then the word is ""). */
  readonly before: string;
  /** The quote around the whole word, or "". */
  readonly quote: string;
  readonly word: string;
}

const blank = /\s/;

export function splitScript(text: string): ScriptWord[] {
  const pieces: ScriptWord[] = [];
  const unclosed = new Set<string>();
  let at = 0;
  while (at < text.length) {
    const start = at;
    while (at < text.length && blank.test(text[at] ?? "")) at += 1;
    const before = text.slice(start, at);
    const wordStart = at;
    at = endOfWord(text, at, unclosed);
    const raw = text.slice(wordStart, at);
    const quote = raw[0] ?? "";
    const isQuoted =
      raw.length >= 2 &&
      (quote === '"' || quote === "'") &&
      raw.endsWith(quote) &&
      raw.indexOf(quote, 1) === raw.length - 1;
    pieces.push(isQuoted ? { before, quote, word: raw.slice(1, -1) } : { before, quote: "", word: raw });
  }
  return pieces;
}

function endOfWord(text: string, from: number, unclosed: Set<string>): number {
  let at = from;
  while (at < text.length && !blank.test(text[at] ?? "")) {
    const character = text[at] ?? "";
    const mayOpen = at === from || text[at - 1] === "=";
    if (mayOpen && (character === '"' || character === "'") && !unclosed.has(character)) {
      const close = text.indexOf(character, at + 1);
      // Remembered, so that many unclosed quotes do not search the rest of the text again and again.
      if (close < 0) unclosed.add(character);
      else at = close;
    }
    at += 1;
  }
  return at;
}

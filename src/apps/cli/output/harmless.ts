// What others wrote (arguments of processes, reports of agents, other servers' messages) must not steer the reader's terminal.

/** The colours of paint.ts and their ends, as SGR sequences (ECMA-48); any other sequence in a text is not ours. */
const ownColour = /^\[(?:1|2|22|31|32|33|39)m/;
/** Control characters, and signs that turn the direction of writing, so that a text reads as another. */
const steering = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;
const mark = "\ufffd";

/** One line of text: everything that steers becomes "�", our own colours stay. */
export function harmless(text: string): string {
  return text.replace(steering, (char, at: number) =>
    char === "\u001b" && ownColour.test(text.slice(at + 1, at + 5)) ? char : mark,
  );
}

/** Several lines: line breaks stay too. */
export function harmlessLines(text: string): string {
  return text.split("\n").map(harmless).join("\n");
}

/** JSON text in which no control character stands by itself: JSON itself leaves U+007F to U+009F as they are. */
export function harmlessJson(json: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what it is about
  return json.replace(/[\u007f-\u009f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

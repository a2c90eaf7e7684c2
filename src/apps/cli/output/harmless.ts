// What others wrote (arguments of processes, reports of agents, names in images, other servers' messages) must not steer the reader's terminal, nor wear our colours.
import { randomUUID } from "node:crypto";

/**
 * Our own colours travel as marks until they are printed: a sign that no text needs, and a number of this run that nobody outside knows.
 * So foreign text can be cleaned of every control sequence, before and after it was painted, and cannot bring a colour of its own.
 */
const opening = `\ufdd0${randomUUID()}:`;
const marks = new RegExp(`${opening}(\\d{1,3});`, "g");
/** Control characters, signs that turn the direction of writing, so that a text reads as another, and the sign that marks begin with. */
const steering = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufdd0]/gu;
const mark = "\ufffd";

/** The mark for one SGR sequence (ECMA-48) of ours: "\u001b[31m". */
export function colourMark(sequence: string): string {
  return `${opening}${/\d+/.exec(sequence)?.[0] ?? "0"};`;
}

/** One line of text: everything that steers becomes "�", our own marks stay. */
export function harmless(text: string): string {
  if (!text.includes(opening)) return cleaned(text);
  let [done, from] = ["", 0];
  for (const found of text.matchAll(marks)) {
    done += cleaned(text.slice(from, found.index)) + found[0];
    from = found.index + found[0].length;
  }
  return done + cleaned(text.slice(from));
}

function cleaned(text: string): string {
  return text.replace(steering, mark);
}

/** Several lines: line breaks stay too. */
export function harmlessLines(text: string): string {
  return text.split("\n").map(harmless).join("\n");
}

/** Marks become colours: the last step before a terminal. */
export function coloured(text: string): string {
  return text.includes(opening) ? text.replace(marks, "\u001b[$1m") : text;
}

/** The text as it reads, without its marks. */
export function withoutColour(text: string): string {
  return text.includes(opening) ? text.replace(marks, "") : text;
}

/** Pieces of a painted text in their order: marks, which have no width, and what is between them. */
export function piecesOf(text: string): readonly { readonly text: string; readonly isMark: boolean }[] {
  const pieces: { text: string; isMark: boolean }[] = [];
  let from = 0;
  for (const found of text.matchAll(marks)) {
    if (found.index > from) pieces.push({ text: text.slice(from, found.index), isMark: false });
    pieces.push({ text: found[0], isMark: true });
    from = found.index + found[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isMark: false });
  return pieces;
}

/** JSON text in which no control character stands by itself: JSON itself leaves U+007F to U+009F as they are. */
export function harmlessJson(json: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what it is about
  return json.replace(/[\u007f-\u009f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

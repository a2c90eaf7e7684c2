// Runs of digits of any length, compared without making numbers of them: no precision is lost, nothing is allocated.

/** A part of a text, from `start` up to before `end`. */
export interface Span {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

/** The first position at or after `from` that holds no digit, at most `end`. */
export function skipDigits(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && isDigit(text.charCodeAt(at))) at++;
  return at;
}

/** Negative, zero or positive by the numbers that both runs write; an empty run is zero. */
export function compareDigitSpans(left: Span, right: Span): number {
  let leftAt = left.start;
  let rightAt = right.start;
  while (leftAt < left.end && left.text.charCodeAt(leftAt) === 48) leftAt++;
  while (rightAt < right.end && right.text.charCodeAt(rightAt) === 48) rightAt++;
  const longer = left.end - leftAt - (right.end - rightAt);
  if (longer !== 0) return longer;
  for (; leftAt < left.end; leftAt++, rightAt++) {
    const differs = left.text.charCodeAt(leftAt) - right.text.charCodeAt(rightAt);
    if (differs !== 0) return differs;
  }
  return 0;
}

/** The same for two texts of digits only. */
export function compareDigits(left: string, right: string): number {
  if (left === right) return 0;
  return compareDigitSpans({ text: left, start: 0, end: left.length }, { text: right, start: 0, end: right.length });
}

/** By code units, as C's strcmp does with ASCII. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

export function isDigits(text: string): boolean {
  return text.length > 0 && skipDigits(text, 0, text.length) === text.length;
}

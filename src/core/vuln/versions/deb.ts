// dpkg's order of versions (deb-version(7)): epoch, upstream version, revision; `~` sorts before the end. Checked against `dpkg --compare-versions`.
import { isDigit, isLetter } from "./digits.ts";

/** Letters before other signs, `~` before the end (0), digits and the end alike. */
function weight(code: number): number {
  if (isDigit(code)) return 0;
  if (isLetter(code)) return code;
  return code === 126 ? -1 : code + 256;
}

interface Part {
  text: string;
  at: number;
  end: number;
}

// Two cursors that are used again at every call: a comparison allocates nothing.
const left: Part = { text: "", at: 0, end: 0 };
const right: Part = { text: "", at: 0, end: 0 };

function hasText(part: Part): boolean {
  return part.at < part.end && !isDigit(part.text.charCodeAt(part.at));
}

function codeAt(part: Part): number {
  return part.at < part.end ? part.text.charCodeAt(part.at) : -1;
}

function compareText(): number {
  while (hasText(left) || hasText(right)) {
    const leftCode = codeAt(left);
    const rightCode = codeAt(right);
    const differs = (leftCode === -1 ? 0 : weight(leftCode)) - (rightCode === -1 ? 0 : weight(rightCode));
    if (differs !== 0) return differs;
    left.at++;
    right.at++;
  }
  return 0;
}

function skipZeros(part: Part): void {
  while (codeAt(part) === 48) part.at++;
}

function compareNumber(): number {
  skipZeros(left);
  skipZeros(right);
  let first = 0;
  let leftCode = codeAt(left);
  let rightCode = codeAt(right);
  while (isDigit(leftCode) && isDigit(rightCode)) {
    if (first === 0) first = leftCode - rightCode;
    left.at++;
    right.at++;
    leftCode = codeAt(left);
    rightCode = codeAt(right);
  }
  if (isDigit(leftCode)) return 1;
  if (isDigit(rightCode)) return -1;
  return first;
}

function compareParts(): number {
  while (left.at < left.end || right.at < right.end) {
    const text = compareText();
    if (text !== 0) return text;
    const number = compareNumber();
    if (number !== 0) return number;
  }
  return 0;
}

function trimmedEnd(text: string): number {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) <= 32) end--;
  return end;
}

function trimmedStart(text: string): number {
  let start = 0;
  while (start < text.length && text.charCodeAt(start) <= 32) start++;
  return start;
}

/** Negative, zero or positive; undefined when one is empty. */
export function compareDeb(leftText: string, rightText: string): number | undefined {
  const leftStart = trimmedStart(leftText);
  const rightStart = trimmedStart(rightText);
  const leftEnd = trimmedEnd(leftText);
  const rightEnd = trimmedEnd(rightText);
  if (leftStart >= leftEnd || rightStart >= rightEnd) return undefined;
  if (leftText === rightText) return 0;
  left.text = leftText;
  right.text = rightText;
  const leftColon = leftText.indexOf(":", leftStart);
  const rightColon = rightText.indexOf(":", rightStart);
  left.at = leftStart;
  right.at = rightStart;
  left.end = leftColon === -1 ? leftStart : leftColon;
  right.end = rightColon === -1 ? rightStart : rightColon;
  if (leftColon !== -1 || rightColon !== -1) {
    const epoch = compareParts();
    if (epoch !== 0) return epoch;
  }
  const leftFrom = leftColon === -1 ? leftStart : leftColon + 1;
  const rightFrom = rightColon === -1 ? rightStart : rightColon + 1;
  const leftHyphen = leftText.lastIndexOf("-", leftEnd - 1);
  const rightHyphen = rightText.lastIndexOf("-", rightEnd - 1);
  left.at = leftFrom;
  left.end = leftHyphen < leftFrom ? leftEnd : leftHyphen;
  right.at = rightFrom;
  right.end = rightHyphen < rightFrom ? rightEnd : rightHyphen;
  const upstream = compareParts();
  if (upstream !== 0) return upstream;
  left.at = leftHyphen < leftFrom ? leftEnd : leftHyphen + 1;
  left.end = leftEnd;
  right.at = rightHyphen < rightFrom ? rightEnd : rightHyphen + 1;
  right.end = rightEnd;
  return compareParts();
}

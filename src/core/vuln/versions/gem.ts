// RubyGems' order (Gem::Version): segments of digits or letters, any letters make a pre-release, "-" means ".pre.", zeros at the end do not count.
import { compareDigits, compareText, isDigits } from "./digits.ts";

// Letters right behind the first number are let in as well ("1beta"): feeds hold them.
const valid = /^[0-9]+[0-9a-zA-Z]*(?:\.[0-9a-zA-Z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
/** What a gem with code for one platform has behind its version ("1.13.0-java", "1.16.2-x86_64-linux-musl"): no part of it. */
const platform =
  /-(?:(?:java|jruby|ruby|dotnet|dalvik|mswin|mingw|universal)[\w.-]*|(?:x|x86|x64|x86_64|i\d86|amd64|arm\w*|aarch64|ppc\w*|powerpc\w*|s390x?|sparc\w*|riscv\w*|mips\w*|loongarch\w*|wasm\d*)-[a-z][\w.-]*)$/;

const segmentPattern = /[0-9]+|[a-zA-Z]+/g;

function isZero(segment: string): boolean {
  return isDigits(segment) && compareDigits(segment, "0") === 0;
}

function withoutZeros(segments: readonly string[]): string[] {
  let end = segments.length;
  while (end > 0 && isZero(segments[end - 1] as string)) end--;
  return segments.slice(0, end);
}

/** Numbers first, then everything from the first word on; zeros at the end of each are dropped. Undefined: RubyGems refuses it. */
function segmentsOf(text: string): readonly string[] | undefined {
  const trimmed = text.includes("-") ? text.trim().replace(platform, "") : text.trim();
  if (trimmed === "") return [];
  if (!valid.test(trimmed)) return undefined;
  const all = trimmed.replaceAll("-", ".pre.").match(segmentPattern) ?? [];
  const word = all.findIndex((segment) => !isDigits(segment));
  if (word === -1) return withoutZeros(all);
  return [...withoutZeros(all.slice(0, word)), ...withoutZeros(all.slice(word))];
}

function compareSegment(left: string, right: string): number {
  const isLeftNumber = isDigits(left);
  const isRightNumber = isDigits(right);
  if (isLeftNumber && isRightNumber) return compareDigits(left, right);
  if (isLeftNumber !== isRightNumber) return isLeftNumber ? 1 : -1;
  return compareText(left, right);
}

/** Negative, zero or positive; undefined when RubyGems would refuse one of them. An empty version is 0. */
export function compareGem(leftText: string, rightText: string): number | undefined {
  const left = segmentsOf(leftText);
  const right = segmentsOf(rightText);
  if (left === undefined || right === undefined) return undefined;
  const count = Math.max(left.length, right.length);
  for (let index = 0; index < count; index++) {
    const differs = compareSegment(left[index] ?? "0", right[index] ?? "0");
    if (differs !== 0) return differs;
  }
  return 0;
}

// Python's order: PEP 440, and for what it refuses the older rules of setuptools ("legacy"): all of those come before any PEP 440 version.
import { compareDigits, compareText, isDigits } from "./digits.ts";

const lengthMax = 512;

const shape =
  /^v?(?:([0-9]+)!)?([0-9]+(?:\.[0-9]+)*)(?:[-_.]?(alpha|beta|preview|pre|a|b|c|rc)[-_.]?([0-9]*))?(?:-([0-9]+)|[-_.]?(post|rev|r)[-_.]?([0-9]*))?(?:[-_.]?(dev)[-_.]?([0-9]*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/;

interface PythonVersion {
  readonly epoch: string;
  readonly release: readonly string[];
  /** 0 dev only, 1 a, 2 b, 3 rc, 4 none. */
  readonly stage: number;
  readonly stageNumber: string;
  /** "" when none. */
  readonly post: string;
  readonly dev: string;
  readonly local: readonly string[];
}

const stages = new Map([
  ["a", 1],
  ["alpha", 1],
  ["b", 2],
  ["beta", 2],
  ["c", 3],
  ["rc", 3],
  ["pre", 3],
  ["preview", 3],
]);

function numberOr(given: string | undefined, isThere: boolean): string {
  if (!isThere) return "";
  return given === undefined || given === "" ? "0" : given;
}

function parse(text: string): PythonVersion | undefined {
  const found = shape.exec(text);
  if (found === null) return undefined;
  const [, epoch, release, stage, stageNumber, implicitPost, post, postNumber, dev, devNumber, local] = found;
  const parts = (release as string).split(".");
  while (parts.length > 1 && compareDigits(parts.at(-1) as string, "0") === 0) parts.pop();
  const hasPost = implicitPost !== undefined || post !== undefined;
  const rank = stage === undefined ? (!hasPost && dev !== undefined ? 0 : 4) : (stages.get(stage) ?? 3);
  return {
    epoch: epoch ?? "0",
    release: parts,
    stage: rank,
    stageNumber: numberOr(stageNumber, true),
    post: numberOr(implicitPost ?? postNumber, hasPost),
    dev: numberOr(devNumber, dev !== undefined),
    local: local === undefined ? [] : local.split(/[-_.]/),
  };
}

function compareRelease(left: readonly string[], right: readonly string[]): number {
  const count = Math.max(left.length, right.length);
  for (let index = 0; index < count; index++) {
    const differs = compareDigits(left[index] ?? "0", right[index] ?? "0");
    if (differs !== 0) return differs;
  }
  return 0;
}

/** A local version is more than none; its numbers are more than its words. */
function compareLocal(left: readonly string[], right: readonly string[]): number {
  const count = Math.min(left.length, right.length);
  for (let index = 0; index < count; index++) {
    const one = left[index] as string;
    const other = right[index] as string;
    const isOneNumber = isDigits(one);
    const isOtherNumber = isDigits(other);
    if (isOneNumber !== isOtherNumber) return isOneNumber ? 1 : -1;
    const differs = isOneNumber ? compareDigits(one, other) : compareText(one, other);
    if (differs !== 0) return differs;
  }
  return left.length - right.length;
}

/** Absent on one side: `absent` says whether that side is less (-1) or more (1). */
function compareOptional(left: string, right: string, absent: number): number {
  if (left === "" || right === "") return left === right ? 0 : left === "" ? absent : -absent;
  return compareDigits(left, right);
}

function compareParsed(left: PythonVersion, right: PythonVersion): number {
  return (
    compareDigits(left.epoch, right.epoch) ||
    compareRelease(left.release, right.release) ||
    left.stage - right.stage ||
    compareDigits(left.stageNumber, right.stageNumber) ||
    compareOptional(left.post, right.post, -1) ||
    compareOptional(left.dev, right.dev, 1) ||
    compareLocal(left.local, right.local)
  );
}

const piecePattern = /[0-9]+|[a-z]+|[^0-9a-z.-]+|-/g;
const legacyWords = new Map([
  ["pre", "c"],
  ["preview", "c"],
  ["-", "final-"],
  ["rc", "c"],
  ["dev", "@"],
]);

/** Numbers padded by their length, words with a star in front: then plain text order is setuptools' order. */
function legacyKey(text: string): readonly string[] {
  const key: string[] = [];
  for (const found of [...(text.match(piecePattern) ?? []), "final"]) {
    const piece = legacyWords.get(found) ?? found;
    if (isDigits(piece)) {
      key.push(piece.padStart(8, "0"));
      continue;
    }
    const word = `*${piece}`;
    if (word < "*final") while (key.at(-1) === "*final-") key.pop();
    while (key.at(-1) === "00000000") key.pop();
    key.push(word);
  }
  return key;
}

function compareLegacy(leftText: string, rightText: string): number {
  const left = legacyKey(leftText);
  const right = legacyKey(rightText);
  const count = Math.min(left.length, right.length);
  for (let index = 0; index < count; index++) {
    const differs = compareText(left[index] as string, right[index] as string);
    if (differs !== 0) return differs;
  }
  return left.length - right.length;
}

/** Negative, zero or positive; undefined when one is empty or longer than 512 characters. */
export function comparePep440(leftText: string, rightText: string): number | undefined {
  const left = leftText.trim().toLowerCase();
  const right = rightText.trim().toLowerCase();
  if (left === "" || right === "" || left.length > lengthMax || right.length > lengthMax) return undefined;
  const leftVersion = parse(left);
  const rightVersion = parse(right);
  if (leftVersion !== undefined && rightVersion !== undefined) return compareParsed(leftVersion, rightVersion);
  if (leftVersion !== undefined) return 1;
  if (rightVersion !== undefined) return -1;
  return compareLegacy(left, right);
}

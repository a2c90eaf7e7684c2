// Runs the classifiers' evidence over a file. Literals are found natively and looked at through small windows, so that a hundred megabytes cost little; nothing here backtracks far.
import type { CatalogFile, CatalogTools } from "../../cataloger.ts";
import type { Classifier, Evidence } from "./classifiers/classifier.ts";
import { javaClassifiers } from "./classifiers/java.ts";
import { languageClassifiers } from "./classifiers/languages.ts";
import { libraryClassifiers } from "./classifiers/libraries.ts";
import { serverClassifiers } from "./classifiers/servers.ts";
import { toolClassifiers } from "./classifiers/tools.ts";

/** One line a kind. */
export const classifiers: readonly Classifier[] = [
  ...languageClassifiers,
  ...javaClassifiers,
  ...serverClassifiers,
  ...toolClassifiers,
  ...libraryClassifiers,
];

const occurrencesMax = 5000;
/** Small enough that its text dies young: a megabyte of text is memory of its own, mapped, filled and collected each time. */
const chunkBytes = 64 * 1024;
const overlapBytes = 4096;

const byName = new Map<string, Classifier[]>();
for (const classifier of classifiers) {
  for (const name of classifier.names ?? []) byName.set(name, [...(byName.get(name) ?? []), classifier]);
}
const byPattern = classifiers.filter((classifier) => classifier.pattern !== undefined);

export const classifiedNames: readonly string[] = [...byName.keys()];
/** Base names that any row's pattern takes. */
export const classifiedPattern = new RegExp(byPattern.map(({ pattern }) => `(?:${pattern?.source ?? ""})`).join("|"));

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Rows that ask about the file, in the table's order. */
export function classifiersOf(path: string): readonly Classifier[] {
  const base = baseOf(path);
  const rows = [...(byName.get(base) ?? []), ...byPattern.filter((row) => row.pattern?.test(base))];
  return rows.filter((row) => row.path === undefined || row.path.test(path));
}

export function evidenceOf(classifier: Classifier, path: string): readonly Evidence[] {
  return typeof classifier.evidence === "function" ? classifier.evidence(baseOf(path)) : classifier.evidence;
}

/** What to look for in a file that is too large to be given whole. */
export function needlesOf(path: string): readonly string[] {
  const anchors = classifiersOf(path).flatMap((row) => evidenceOf(row, path).map(({ anchor }) => anchor ?? ""));
  return [...new Set(anchors)].filter((anchor) => anchor !== "").slice(0, 8);
}

function byAnchor(bytes: Uint8Array, evidence: Evidence & { anchor: string }, tools: CatalogTools): string | undefined {
  const { anchor, before, after, pattern } = evidence;
  let at = tools.indexOf(bytes, anchor, 0);
  for (let seen = 0; at !== -1 && seen < occurrencesMax; seen += 1) {
    const window = tools.latin1(bytes.subarray(Math.max(0, at - before), at + anchor.length + after));
    const version = pattern.exec(window)?.[1];
    if (version !== undefined) return version;
    at = tools.indexOf(bytes, anchor, at + anchor.length);
  }
  return undefined;
}

function byScan(bytes: Uint8Array, pattern: RegExp, tools: CatalogTools): string | undefined {
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const isLast = at + chunkBytes >= bytes.length;
    const match = pattern.exec(tools.latin1(bytes.subarray(at, at + chunkBytes + overlapBytes)));
    // What begins in the overlap may be cut by its end: it is the next chunk's.
    if (match?.[1] !== undefined && (isLast || match.index < chunkBytes)) return match[1];
  }
  return undefined;
}

export interface Classified {
  readonly classifier: string;
  readonly version: string;
}

function versionIn(
  pieces: readonly Uint8Array[],
  evidence: readonly Evidence[],
  tools: CatalogTools,
): string | undefined {
  for (const item of evidence) {
    for (const bytes of pieces) {
      const version = item.anchor === undefined ? byScan(bytes, item.pattern, tools) : byAnchor(bytes, item, tools);
      if (version !== undefined) return version;
    }
  }
  return undefined;
}

/** Every row that knows the file; rows of the same package once. */
export function classify(file: CatalogFile, tools: CatalogTools): Classified[] {
  const pieces = [file.bytes, ...(file.large?.windows ?? []).map(({ bytes }) => bytes)];
  const found: Classified[] = [];
  const packages = new Set<string>();
  for (const row of classifiersOf(file.path)) {
    if (packages.has(row.package)) continue;
    const version = versionIn(pieces, evidenceOf(row, file.path), tools);
    if (version === undefined) continue;
    packages.add(row.package);
    found.push({ classifier: row.id, version });
    if (row.isFinal === true) break;
  }
  return found;
}

// The secret search over one file: anchors in one pass over the bytes, a pattern and a check around each, settings line by line. What it gives never holds more
// than four characters of a value. Counts what it left out, and why.
import type { SecretFinding } from "../../../model/image-analysis.ts";
import type { CatalogFile, CatalogTools } from "../cataloger.ts";
import { createAnchorScan } from "./anchors.ts";
import type { SkipReason } from "./files.ts";
import { isConfigFile, isExampleFile, isInPackage, isTestMaterial, secretLimits, skipReasonOf } from "./files.ts";
import { fromUtf16 } from "./utf16.ts";
import { findPrivateKeys } from "./private-key.ts";
import type { SecretRule } from "./rules.ts";
import { secretRules } from "./rules.ts";
import type { SettingsFinding } from "./settings.ts";
import { credentialFiles, readAssignment, readLines, readUrl } from "./settings.ts";

export type FoundSecret = Omit<SecretFinding, "path" | "layer" | "isHidden">;

export interface SecretSearch {
  /** Raised whenever the same file would give something else: caches of layers go by it. */
  readonly version: number;
  /** Whether the file is to be read for secrets; a refusal is counted. `path` has no leading "/". */
  wants(path: string, mode: number, sizeBytes: number): boolean;
  find(file: CatalogFile, tools: CatalogTools): readonly FoundSecret[];
  /** What was left out so far, by reason: files not searched or not to their end, values that are tests' material. */
  skipped(): ReadonlyMap<SkipReason, number>;
  /** The same search with counts of its own, that begin at nothing: one for each layer. */
  fresh(): SecretSearch;
}

const pemAnchor = "PRIVATE KEY";
const anchors: readonly string[] = [pemAnchor, ...secretRules.flatMap((rule) => rule.anchors)];
/** The rule of each anchor; undefined for the private keys'. */
const ruleOfAnchor: readonly (SecretRule | undefined)[] = [
  undefined,
  ...secretRules.flatMap((rule) => rule.anchors.map(() => rule)),
];
const anchorScan = createAnchorScan(anchors);
const sniffBytes = 1024;

export function createSecretSearch(): SecretSearch {
  const skipped = new Map<SkipReason, number>();
  const skip = (reason: SkipReason): void => void skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
  return {
    version: 3,
    wants(path, _mode, sizeBytes) {
      const reason = skipReasonOf(path, sizeBytes);
      if (reason !== undefined) skip(reason);
      return reason === undefined;
    },
    find(given, tools) {
      const file = textFileOf(given, tools);
      if (file === undefined) {
        skip("binary-content");
        return [];
      }
      const { found, isCut } = findIn(file, tools);
      if (isCut) skip("too-many-hits");
      if (found.length === 0 || !isTestMaterial(file.path)) return found;
      for (const _ of found) skip("test-material");
      return [];
    },
    skipped: () => skipped,
    fresh: createSecretSearch,
  };
}

/** undefined for what is no text. UTF-16 is read as text of one byte a character: every secret that we know is ASCII. */
function textFileOf(file: CatalogFile, tools: CatalogTools): CatalogFile | undefined {
  if (tools.indexOf(file.bytes.subarray(0, sniffBytes), "\0") < 0) return file;
  const bytes = fromUtf16(file.bytes);
  if (bytes === undefined) return undefined;
  const text = () => tools.latin1(bytes);
  return { path: file.path, mode: file.mode, bytes, text, latin1: text };
}

interface Sink {
  readonly file: CatalogFile;
  readonly tools: CatalogTools;
  readonly found: FoundSecret[];
  /** Places of values that are told already: rules may see the same one. */
  readonly taken: Set<number>;
  /** Positions of line ends, looked up when the first finding needs them. */
  lineEnds: readonly number[] | undefined;
}

interface FoundIn {
  readonly found: readonly FoundSecret[];
  /** A limit was reached: there may be more in the file. */
  readonly isCut: boolean;
}

function findIn(file: CatalogFile, tools: CatalogTools): FoundIn {
  const sink: Sink = { file, tools, found: [], taken: new Set(), lineEnds: undefined };
  let looked = 0;
  let isCut = false;
  let hasKeys = false;
  anchorScan.scan(file.bytes, (at, anchor) => {
    const rule = ruleOfAnchor[anchor];
    if (rule === undefined) hasKeys = true;
    else if (rule.paths === undefined || rule.paths.test(file.path)) looked += matchAround(rule, at, sink);
    isCut = looked > secretLimits.lookedBytesMax || sink.found.length >= secretLimits.findingsPerFileMax;
    return !isCut;
  });
  // Where the scan ended early the keys' anchor may not have been reached.
  if (hasKeys || isCut) addPrivateKeys(sink);
  addSettings(sink);
  const found = sink.found.length < 2 ? sink.found : sink.found.toSorted((left, right) => left.line - right.line);
  return { found, isCut: isCut || found.length >= secretLimits.findingsPerFileMax };
}

/** Gives the bytes that were looked at. */
function matchAround(rule: SecretRule, at: number, sink: Sink): number {
  const from = Math.max(0, at - rule.before);
  const text = sink.tools.latin1(sink.file.bytes.subarray(from, at + rule.after));
  rule.pattern.lastIndex = 0;
  for (let match = rule.pattern.exec(text); match !== null; match = rule.pattern.exec(text)) {
    const value = match[1] ?? "";
    const place = from + match.index + match[0].lastIndexOf(value);
    // Another anchor's match is found by that anchor.
    if (place > at + 200) break;
    if (sink.taken.has(place)) continue;
    const judgement = rule.check(value, text);
    if (judgement === "none") continue;
    sink.taken.add(place);
    const isDoubtful = judgement === "doubtful";
    sink.found.push({
      rule: rule.id,
      title: isDoubtful ? `${rule.title} whose checksum does not fit` : rule.title,
      severity: isDoubtful ? "low" : severityOf(rule.severity, sink.file.path),
      line: lineOf(sink, place),
      redacted: redact(value, false),
    });
    if (sink.found.length >= secretLimits.findingsPerFileMax) break;
  }
  return text.length;
}

/** In a file that is an example by its name, or in a package's own code, a value is less likely to open anything. */
function severityOf(severity: FoundSecret["severity"], path: string): FoundSecret["severity"] {
  return isExampleFile(path) || isInPackage(path) ? "low" : severity;
}

function addPrivateKeys(sink: Sink): void {
  const text = sink.file.latin1();
  for (const key of findPrivateKeys(text, secretLimits.findingsPerFileMax)) {
    if (sink.found.length >= secretLimits.findingsPerFileMax) return;
    // A service account's key is told by its own rule.
    if ([...sink.taken].some((place) => place > key.at && place < key.at + 200)) continue;
    sink.found.push({
      rule: key.isEncrypted ? "encrypted-private-key" : "private-key",
      title: key.isEncrypted ? `Private key (${key.kind}), protected by a passphrase` : `Private key (${key.kind})`,
      severity: key.isEncrypted ? "low" : severityOf("high", sink.file.path),
      line: lineOf(sink, key.at),
      redacted: `${key.kind} ${redact(key.body, false)}`,
    });
  }
}

function addSettings(sink: Sink): void {
  const { file, found } = sink;
  const max = secretLimits.findingsPerFileMax - found.length;
  const special = credentialFiles.find((kind) => kind.paths.test(file.path));
  const readers = special === undefined ? [readUrl, readAssignment] : [special.read];
  if (max <= 0 || (special === undefined && !isConfigFile(file.path, file.bytes.length))) return;
  const lines = new Set(found.map((item) => item.line));
  for (const setting of readLines(file.text(), readers, max))
    if (!lines.has(setting.line)) found.push(toFound(setting, file.path));
}

function toFound(setting: SettingsFinding, path: string): FoundSecret {
  return {
    rule: setting.id,
    title: setting.title,
    severity: severityOf(setting.severity, path),
    line: setting.line,
    redacted: redact(setting.value, setting.isHiddenWhole),
  };
}

function lineOf(sink: Sink, at: number): number {
  sink.lineEnds ??= lineEndsOf(sink.file.bytes);
  let from = 0;
  let to = sink.lineEnds.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sink.lineEnds[middle]! < at) from = middle + 1;
    else to = middle;
  }
  return from + 1;
}

function lineEndsOf(bytes: Uint8Array): readonly number[] {
  const ends: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at] === 0x0a) ends.push(at);
  return ends;
}

const shownMax = 4;
/** Of a short value four characters are too many. */
const shownLengthMin = 20;

/** "ghp_… [40]": at most four first characters, and the length. */
export function redact(value: string, isHiddenWhole: boolean): string {
  const head = isHiddenWhole || value.length < shownLengthMin ? "" : value.slice(0, shownMax);
  return `${head.replace(/[^\x21-\x7e]/g, "?")}… [${value.length}]`;
}

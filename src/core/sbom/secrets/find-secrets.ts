// The secret search over one file: anchors in one pass over the bytes, a pattern and a check around each, settings line by line. What it gives never holds more
// than four characters of a value. Counts what it left out, and why.
import type { SecretFinding } from "../../../model/image-analysis.ts";
import type { CatalogFile, CatalogTools } from "../cataloger.ts";
import { createAnchorScan } from "./anchors.ts";
import type { SkipReason } from "./files.ts";
import { isConfigFile, isExampleFile, isInPackage, isTestMaterial, secretLimits, skipReasonOf } from "./files.ts";
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
  /** What was left out so far, by reason: files not searched, values that are tests' material. */
  skipped(): ReadonlyMap<SkipReason, number>;
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
    version: 1,
    wants(path, _mode, sizeBytes) {
      const reason = skipReasonOf(path, sizeBytes);
      if (reason !== undefined) skip(reason);
      return reason === undefined;
    },
    find(file, tools) {
      if (tools.indexOf(file.bytes.subarray(0, sniffBytes), "\0") >= 0) {
        skip("binary-content");
        return [];
      }
      const found = findIn(file, tools);
      if (found.length === 0 || !isTestMaterial(file.path)) return found;
      for (const _ of found) skip("test-material");
      return [];
    },
    skipped: () => skipped,
  };
}

interface Sink {
  readonly file: CatalogFile;
  readonly tools: CatalogTools;
  readonly found: FoundSecret[];
  /** Places of values that are told already: rules may see the same one. */
  readonly taken: Set<number>;
}

function findIn(file: CatalogFile, tools: CatalogTools): readonly FoundSecret[] {
  const sink: Sink = { file, tools, found: [], taken: new Set() };
  let hits = 0;
  let hasKeys = false;
  anchorScan.scan(file.bytes, (at, anchor) => {
    hits += 1;
    const rule = ruleOfAnchor[anchor];
    if (rule === undefined) hasKeys = true;
    else if (rule.paths === undefined || rule.paths.test(file.path)) matchAround(rule, at, sink);
    return hits < secretLimits.hitsPerFileMax && sink.found.length < secretLimits.findingsPerFileMax;
  });
  if (hasKeys) addPrivateKeys(sink);
  addSettings(sink);
  return sink.found.length === 0 ? sink.found : sink.found.toSorted((left, right) => left.line - right.line);
}

function matchAround(rule: SecretRule, at: number, sink: Sink): void {
  const from = Math.max(0, at - rule.before);
  const text = sink.tools.latin1(sink.file.bytes.subarray(from, at + rule.after));
  rule.pattern.lastIndex = 0;
  for (let match = rule.pattern.exec(text); match !== null; match = rule.pattern.exec(text)) {
    const value = match[1] ?? "";
    const place = from + match.index + match[0].lastIndexOf(value);
    // Another anchor's match is found by that anchor.
    if (place > at + 200 || sink.taken.has(place)) continue;
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
  }
}

/** In a file that is an example by its name, or in a package's own code, a value is less likely to open anything. */
function severityOf(severity: FoundSecret["severity"], path: string): FoundSecret["severity"] {
  return isExampleFile(path) || isInPackage(path) ? "low" : severity;
}

function addPrivateKeys(sink: Sink): void {
  const text = sink.tools.latin1(sink.file.bytes);
  for (const key of findPrivateKeys(text)) {
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

function lineOf({ file, tools }: Sink, at: number): number {
  let line = 1;
  for (let end = tools.indexOf(file.bytes, "\n"); end >= 0 && end < at; end = tools.indexOf(file.bytes, "\n", end + 1))
    line += 1;
  return line;
}

const shownMax = 4;
/** Of a short value four characters are too many. */
const shownLengthMin = 20;

/** "ghp_… [40]": at most four first characters, and the length. */
export function redact(value: string, isHiddenWhole: boolean): string {
  const head = isHiddenWhole || value.length < shownLengthMin ? "" : value.slice(0, shownMax);
  return `${head.replace(/[^\x21-\x7e]/g, "?")}… [${value.length}]`;
}

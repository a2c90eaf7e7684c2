// Rules for the waf commands: folders and files to one rule set, and an engine over it in this process.
import { createHash, randomUUID } from "node:crypto";
import { Fault } from "../../../../base/fault.ts";
import { createWafEngine } from "../../../../core/waf/engine/create-engine.ts";
import type { WafEngine, WafEngineOptions } from "../../../../core/waf/engine/engine.ts";
import { baseFileName } from "../../../../core/waf/http/base-directives.ts";
import { withBase } from "../../../../core/waf/http/with-base.ts";
import type { WafProblem } from "../../../../core/waf/position.ts";
import { parseRuleSet } from "../../../../core/waf/seclang/parse-rule-set.ts";
import type { ParsedRuleSet, RuleFiles, RuleSetInput } from "../../../../core/waf/seclang/parsed.ts";
import type { Rule, RuleSet } from "../../../../core/waf/seclang/rule-set.ts";
import type { WafHashes } from "../../../../core/waf/transform/transformation.ts";
import { openRuleFolder, type OpenedRules } from "../../../../edge/rules/rule-folder.ts";
import { findSystemRules } from "../../../../edge/rules/system-rules.ts";
import { namedRules } from "./flags.ts";

export interface LoadedRules {
  readonly input: RuleSetInput;
  /** Layers that a policy must name for all rules to count. */
  readonly layers: readonly string[];
  readonly ruleSet: RuleSet;
  /** Rules of the paths, without those that every engine of ours begins with. */
  readonly rules: readonly Rule[];
  readonly counts: ParsedRuleSet["counts"];
  readonly problems: readonly WafProblem[];
  readonly sources: readonly { readonly path: string; readonly kind: string; readonly version: string }[];
}

/**
 * Reads and parses; a broken directive is a problem, a path that is not there a Fault. Paths before the first Core Rule Set are read before it, for settings;
 * those after it become layers, whose rules stand before its blocking evaluation, so that their points count.
 */
export function loadRules(paths: readonly string[]): LoadedRules {
  const opened = namedRules(paths).map((path) => ({ path, ...openRuleFolder(path) }));
  const firstSet = opened.findIndex(({ kind }) => kind !== "files");
  const floor = firstSet < 0 ? opened : opened.slice(0, firstSet + 1);
  const files = floor.flatMap((one) => one.files);
  const later = opened.slice(floor.length);
  const overlays = later.map(
    ({ path, files: own, reader }) => ({ name: path, trust: "floor", files: own, reader }) as const,
  );
  const input: RuleSetInput = { files: withBase(files), reader: readerOf(floor), overlays };
  const parsed = parseRuleSet(input);
  const rules = parsed.ruleSet.items.filter(
    (item): item is Rule => item.kind === "rule" && item.head.position.file !== baseFileName,
  );
  return {
    input,
    layers: overlays.map(({ name }) => name),
    ruleSet: parsed.ruleSet,
    rules,
    counts: parsed.counts,
    problems: [...opened.flatMap(({ problems }) => problems), ...parsed.problems, ...withoutSetup(rules)],
    sources: opened.map(({ path, kind, version }) => ({ path, kind, version })),
  };
}

/** Rules of the Core Rule Set whose set-up file was left out refuse every request with 500. */
function withoutSetup(rules: readonly Rule[]): readonly WafProblem[] {
  const asks = rules.find(({ id }) => id === 901_001);
  if (asks === undefined || rules.some(({ id }) => id === 900_990)) return [];
  return [
    {
      severity: "warning",
      code: "waf/no-setup",
      message: "these are rules of the Core Rule Set without its set-up: this rule stops every request with 500",
      hint: "name the folder above rules/, or crs-setup.conf before it",
      position: asks.head.position,
      ruleId: asks.id,
    },
  ];
}

/** What a file includes and its word lists lie where it was read from. */
function readerOf(opened: readonly OpenedRules[]): RuleFiles {
  const [first] = opened;
  const readerFor = (from: string): RuleFiles | undefined =>
    (opened.find(({ files }) => files.some(({ file }) => file === from)) ?? first)?.reader;
  return {
    include: (pattern, from) => readerFor(from)?.include(pattern, from) ?? [],
    wordList: (path, from) => readerFor(from)?.wordList(path, from) ?? { refused: "no rules were read" },
  };
}

/** The first rule set that the system has; throws a Fault when it has none. */
export function systemRules(): string {
  const [found] = findSystemRules();
  if (found !== undefined) return found;
  throw new Fault("this system has no packaged Core Rule Set", {
    code: "cli/no-rules",
    kind: "not-found",
    hint: "install one (Debian: apt-get install modsecurity-crs), or name a folder with crs-setup.conf.example and rules/",
  });
}

/** An engine in this process. */
export function engineOf(
  { ruleSet }: Pick<LoadedRules, "ruleSet">,
  options: Pick<WafEngineOptions, "memoEntriesMax" | "isSilentListed" | "isMultiline"> = {},
): WafEngine {
  return createWafEngine({
    ruleSet,
    hashes,
    nowMs: () => Date.now(),
    nowUs: () => performance.now() * 1000,
    uniqueId: randomUUID,
    // A person asks about rules, not about this machine's load: nothing is cut short.
    budget: { usMax: 60_000_000, bytesMax: 1024 * 1024 * 1024, onExceeded: "block" },
    ...options,
  });
}

const hashes: WafHashes = { sha1: (bytes) => digest("sha1", bytes), md5: (bytes) => digest("md5", bytes) };

function digest(name: "sha1" | "md5", bytes: string): string {
  return createHash(name).update(bytes, "latin1").digest("latin1");
}

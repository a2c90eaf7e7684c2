// The rule set that this server proves exclusions with and shows rules' texts from: read from a folder when first asked, and again when the folder
// changed. No folder, no proof: said, never guessed.
import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "../../../base/clock.ts";
import { toFault } from "../../../base/fault.ts";
import { createWafEngine } from "../../../core/waf/engine/create-engine.ts";
import type { WafEngine } from "../../../core/waf/engine/engine.ts";
import type { Rule, RuleSet } from "../../../core/waf/seclang/rule-set.ts";
import { withBase } from "../../../core/waf/http/with-base.ts";
import { parseRuleSet } from "../../../core/waf/seclang/parse-rule-set.ts";
import { openRuleFolder, type OpenedRules } from "../../../edge/rules/rule-folder.ts";
import { findSystemRules } from "../../../edge/rules/system-rules.ts";

/** How long a read rule set is believed. */
const keptMs = 60_000;
const textCharsMax = 8000;

export interface RuleText {
  readonly ruleId: number;
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly operator: string;
}

export interface LoadedRules {
  readonly opened: OpenedRules;
  readonly ruleSet: RuleSet;
  readonly engine: WafEngine;
}

export interface RulesDesk {
  /** Those of the ids that are known here. */
  rulesOf(ids: readonly number[]): Promise<readonly RuleText[]>;
  load(): Promise<LoadedRules | { readonly because: string }>;
}

/** `folder` "": the system's packaged rules, when there are any. */
export function createRulesDesk(folder: string, clock: Clock): RulesDesk {
  let known: { readonly atMs: number; readonly loaded: LoadedRules | { readonly because: string } } | undefined;
  async function load(): Promise<LoadedRules | { readonly because: string }> {
    const nowMs = clock.nowMs();
    if (known !== undefined && nowMs - known.atMs < keptMs) return known.loaded;
    const loaded = await Promise.resolve(read(folder, clock, known?.loaded));
    known = { atMs: nowMs, loaded };
    return loaded;
  }
  return {
    load,
    async rulesOf(ids) {
      const loaded = await load();
      if ("because" in loaded) return [];
      const wanted = new Set(ids);
      return loaded.ruleSet.items.flatMap((item) =>
        item.kind === "rule" && wanted.has(item.id) ? [textOf(loaded.opened, item)] : [],
      );
    },
  };
}

function read(
  folder: string,
  clock: Clock,
  before: LoadedRules | { readonly because: string } | undefined,
): LoadedRules | { readonly because: string } {
  const place = folder === "" ? findSystemRules()[0] : folder;
  if (place === undefined)
    return { because: "this server has no WAF rules: start it with --waf-rules FOLDER, the gateways' own" };
  try {
    const opened = openRuleFolder(place);
    const { ruleSet } = parseRuleSet({ files: withBase(opened.files), reader: opened.reader });
    if (before !== undefined && "engine" in before && before.ruleSet.digest === ruleSet.digest) return before;
    const hash = (name: string) => (bytes: string) =>
      createHash(name).update(Buffer.from(bytes, "latin1")).digest("latin1");
    const engine = createWafEngine({
      ruleSet,
      hashes: { sha1: hash("sha1"), md5: hash("md5") },
      nowMs: () => clock.nowMs(),
      nowUs: () => Math.round(performance.now() * 1000),
      uniqueId: randomUUID,
      // A proof asks once: what is remembered would only cost room.
      memoEntriesMax: 0,
    });
    return { opened, ruleSet, engine };
  } catch (thrown) {
    return { because: toFault(thrown).message };
  }
}

/** From the directive's line to the next one that begins a directive. */
function textOf(opened: OpenedRules, { id, head }: Rule): RuleText {
  const { file, line } = head.position;
  const lines = (opened.files.find((each) => each.file === file)?.text ?? "").split("\n");
  const rest = lines.slice(line - 1);
  const end = rest.findIndex(
    (each, index) => index > 0 && /^(Sec|#|$)/.test(each) && !rest[index - 1]?.trimEnd().endsWith("\\"),
  );
  const text = (end < 0 ? rest : rest.slice(0, end)).join("\n").slice(0, textCharsMax);
  return { ruleId: id, file, line, text: printable(text), operator: head.operator.name };
}

/** latin1 bytes for JSON: UTF-8 where it is, else as they are. */
function printable(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

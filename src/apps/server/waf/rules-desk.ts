// The rules that this server shows texts from and proves exclusions with: read from a folder when asked, believed for a minute. No folder, no proof: said,
// never guessed.
import type { Clock } from "../../../base/clock.ts";
import { toFault } from "../../../base/fault.ts";
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
}

export interface RulesDesk {
  /** Those of the ids that are known here. */
  rulesOf(ids: readonly number[]): readonly RuleText[];
  /** Undefined: there are none here, `without` says how to change that. */
  folder(): string | undefined;
  readonly without: string;
}

const without = "this server has no WAF rules: start it with --waf-rules FOLDER, the gateways' own";

/** `folder` "": the system's packaged rules, when there are any. */
export function createRulesDesk(folder: string, clock: Clock): RulesDesk {
  let known: { readonly atMs: number; readonly loaded: LoadedRules | { readonly because: string } } | undefined;
  function load(): LoadedRules | { readonly because: string } {
    const nowMs = clock.nowMs();
    if (known !== undefined && nowMs - known.atMs < keptMs) return known.loaded;
    const loaded = read(placeOf(folder));
    known = { atMs: nowMs, loaded };
    return loaded;
  }
  return {
    without,
    folder: () => placeOf(folder),
    rulesOf(ids) {
      const loaded = load();
      if ("because" in loaded) return [];
      const wanted = new Set(ids);
      return loaded.ruleSet.items.flatMap((item) =>
        item.kind === "rule" && wanted.has(item.id) ? [textOf(loaded.opened, item)] : [],
      );
    },
  };
}

function placeOf(folder: string): string | undefined {
  return folder === "" ? findSystemRules()[0] : folder;
}

function read(place: string | undefined): LoadedRules | { readonly because: string } {
  if (place === undefined) return { because: without };
  try {
    const opened = openRuleFolder(place);
    const { ruleSet } = parseRuleSet({ files: withBase(opened.files), reader: opened.reader });
    return { opened, ruleSet };
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

// Text and place of every rule of a folder. Reading a Core Rule Set takes a fraction of a second: done in a thread of its own (rules.worker.ts).
import { withBase } from "../../../core/waf/http/with-base.ts";
import type { Rule } from "../../../core/waf/seclang/rule-set.ts";
import { parseRuleSet } from "../../../core/waf/seclang/parse-rule-set.ts";
import { openRuleFolder, type OpenedRules } from "../../../edge/rules/rule-folder.ts";

const textCharsMax = 8000;

export interface RuleText {
  readonly ruleId: number;
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly operator: string;
}

/** Throws Faults of the folder. */
export function readRuleTexts(folder: string): readonly RuleText[] {
  const opened = openRuleFolder(folder);
  const { ruleSet } = parseRuleSet({ files: withBase(opened.files), reader: opened.reader });
  const lines = new Map(opened.files.map(({ file, text }) => [file, text.split("\n")] as const));
  return ruleSet.items.flatMap((item) => (item.kind === "rule" ? [textOf(lines, item)] : []));
}

type Lines = ReadonlyMap<OpenedRules["files"][number]["file"], readonly string[]>;

/** From the directive's line to the next one that begins a directive. */
function textOf(files: Lines, { id, head }: Rule): RuleText {
  const { file, line } = head.position;
  const rest = (files.get(file) ?? []).slice(line - 1, line - 1 + 400);
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

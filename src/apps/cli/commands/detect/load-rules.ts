// Detection rules for the command line: files and folders to compiled rules. What cannot be read at all is a Fault; what is wrong inside is a problem.
import { readdirSync } from "node:fs";
import path from "node:path";
import { Fault } from "../../../../base/fault.ts";
import { builtinRuleFiles } from "../../../../core/detect/builtin/builtin-rules.ts";
import { compileRules } from "../../../../core/detect/compile-rules.ts";
import type { CompileResult, RuleFile } from "../../../../core/detect/contract.ts";
import { readRuleYaml } from "../../../../edge/manifests/read-yaml.ts";
import { inputFacts, readInputTextSync } from "../../input-file.ts";

export const ruleFileLimits = { filesMax: 1000, fileBytesMax: 16 * 1024 * 1024 } as const;

/** "builtin", files, folders (their .yaml and .yml by name). */
export function loadRules(given: readonly string[]): CompileResult {
  const files = given.flatMap((each) => (each === "builtin" ? builtinRuleFiles : filesOf(each)));
  if (files.length > ruleFileLimits.filesMax)
    throw usage(`more than ${ruleFileLimits.filesMax} rule files`, "name fewer of them");
  const { rules, problems } = compileRules(files);
  return { rules, problems: inReadingOrder(problems) };
}

/** By file and line: what is wrong in one rule stands together, whichever look found it. */
function inReadingOrder(problems: CompileResult["problems"]): CompileResult["problems"] {
  const order = new Map<string, number>();
  for (const { file } of problems) if (!order.has(file)) order.set(file, order.size);
  return problems.toSorted((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.line - b.line);
}

function filesOf(given: string): readonly RuleFile[] {
  const facts = inputFacts(given, { hint: "name a rule file, a folder of them, or the word builtin" });
  if (!facts.isDirectory()) return [fileOf(given)];
  const names = readdirSync(given).filter((name) => /\.ya?ml$/i.test(name) && !name.startsWith("."));
  if (names.length === 0) throw usage(`no .yaml file in ${given}`, "name a folder that holds rule files");
  return names.toSorted().map((name) => fileOf(path.join(given, name)));
}

function fileOf(name: string): RuleFile {
  const { size } = inputFacts(name);
  if (size > ruleFileLimits.fileBytesMax)
    throw usage(`${name} has more than ${ruleFileLimits.fileBytesMax} bytes`, "split it");
  return { name, documents: readRuleYaml(readInputTextSync(name)) };
}

export function usage(message: string, hint: string): Fault {
  return new Fault(message, { code: "cli/usage", kind: "usage", hint });
}

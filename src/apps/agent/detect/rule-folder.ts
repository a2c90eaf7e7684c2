// The node's own folder of rules: YAML files by name, read anew when one changes. What cannot be read is a problem with its name; the others stay in force.
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { RuleFile, RuleProblem } from "../../../core/detect/contract.ts";
import { readRuleYaml } from "../../../edge/manifests/read-yaml.ts";
import { detectLimits } from "./limits.ts";

export interface FolderReading {
  readonly files: readonly RuleFile[];
  readonly problems: readonly RuleProblem[];
  /** Changes when a file comes, goes or is written. */
  readonly signature: string;
}

const isRuleFile = /\.ya?ml$/i;

/** What a change is known by: names, sizes and times. "" for a folder that cannot be read. */
export async function signatureOf(folder: string): Promise<string> {
  const parts: string[] = [];
  for (const name of await namesOf(folder).catch(() => [])) {
    const facts = await stat(path.join(folder, name)).catch(() => undefined);
    parts.push(`${name} ${facts?.mtimeMs ?? 0} ${facts?.size ?? 0} ${facts?.ino ?? 0}`);
  }
  return parts.join("\n");
}

/** A folder, or a single file. Never rejects. */
export async function readRuleFolder(folder: string): Promise<FolderReading> {
  const signature = await signatureOf(folder);
  const files: RuleFile[] = [];
  const problems: RuleProblem[] = [];
  let bytes = 0;
  let names: readonly string[];
  try {
    names = await namesOf(folder);
  } catch (error) {
    return { files, signature, problems: [problem(folder, `the folder cannot be read: ${(error as Error).message}`)] };
  }
  for (const name of names.slice(0, detectLimits.filesMax)) {
    const file = path.join(folder, name);
    try {
      const { size } = await stat(file);
      bytes += size;
      if (size > detectLimits.fileBytesMax || bytes > detectLimits.totalBytesMax) {
        problems.push(problem(file, size > detectLimits.fileBytesMax ? tooLarge : tooMuch));
        continue;
      }
      files.push({ name: file, documents: readRuleYaml(await readFile(file, "utf8")) });
    } catch (error) {
      problems.push(problem(file, `it cannot be read: ${(error as Error).message}`));
    }
  }
  if (names.length > detectLimits.filesMax) {
    problems.push(problem(folder, `it holds more than ${detectLimits.filesMax} files; the others are not read`));
  }
  return { files, problems, signature };
}

const tooLarge = `it has more than ${detectLimits.fileBytesMax} bytes`;
const tooMuch = `the folder's files have more than ${detectLimits.totalBytesMax} bytes together`;

/** Names in the order in which they are read; "" stands for the path itself when it is a file. */
async function namesOf(folder: string): Promise<readonly string[]> {
  if ((await stat(folder)).isFile()) return [""];
  const entries = await readdir(folder);
  return entries.filter((name) => isRuleFile.test(name) && !name.startsWith(".")).toSorted();
}

function problem(file: string, message: string): RuleProblem {
  return { severity: "error", code: "detect/unreadable-file", file, line: 1, item: "", message, hint: "" };
}

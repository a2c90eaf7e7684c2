// Reads what the policy commands work on: files, folders and standard input, with policies and the world (pods, namespaces, services) in any order.
import { readdir } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../../../base/fault.ts";
import { createPolicyEngine } from "../../../../core/policy/evaluate/create-engine.ts";
import type { PolicyEngine } from "../../../../core/policy/evaluate/engine.ts";
import type { PolicyFile } from "../../../../core/policy/parse/manifest.ts";
import { parsePolicies, type Parsed } from "../../../../core/policy/parse/parse-policies.ts";
import type { PolicyProblem, PolicySet } from "../../../../core/policy/model.ts";
import type { World } from "../../../../core/policy/world.ts";
import { readYaml } from "../../../../edge/manifests/read-yaml.ts";
import type { Context } from "../../context.ts";
import { inputFacts, readInputText } from "../../input-file.ts";
import type { WorldFlags } from "./flags.ts";
import { withRanges } from "./ranges.ts";

export const inputLimits = {
  filesMax: 10_000,
  folderDepthMax: 16,
  bytesMax: 256 * 1024 * 1024,
} as const;

const extensions = [".yaml", ".yml", ".json"] as const;

export interface Loaded {
  readonly parsed: Parsed;
  readonly set: PolicySet;
  readonly world: World;
  readonly engine: PolicyEngine;
  /** 0, or 7 when something was refused: the answer is not about everything that was given. */
  readonly code: number;
}

/** Policies of `files`, in the world of the same files and of --world. What was refused is said on standard error. */
export async function loadPolicies(context: Context, files: readonly string[], flags: WorldFlags): Promise<Loaded> {
  const given = await readFiles([...files, ...(flags.world ?? [])]);
  const parsed = parsePolicies(given, readYaml);
  sayProblems(context, parsed.problems);
  const world = withRanges(parsed.world, flags.ranges ?? []);
  const engine = createPolicyEngine({ set: parsed.set, world });
  return { parsed, set: parsed.set, world, engine, code: isPartial(parsed.problems) ? 7 : 0 };
}

/** Only the world of the files; policies among them are not asked. The code is 7 when something was refused. */
export async function readWorld(
  context: Context,
  files: readonly string[],
  ranges: readonly string[],
): Promise<Pick<Loaded, "world" | "code">> {
  const parsed = parsePolicies(await readFiles(files), readYaml);
  sayProblems(context, parsed.problems);
  if (parsed.isGiven) return { world: withRanges(parsed.world, ranges), code: isPartial(parsed.problems) ? 7 : 0 };
  throw new Fault("no pods were given", {
    code: "cli/usage",
    kind: "usage",
    hint: "name files with pods and namespaces, from kubectl get namespaces,pods,services -A -o yaml",
  });
}

export function isPartial(problems: readonly PolicyProblem[]): boolean {
  return problems.some(({ severity }) => severity === "error");
}

export function placeWords({ place }: Pick<PolicyProblem, "place">): string {
  return place.file === "" ? "" : `${place.file}:${place.line}`;
}

export function sayProblems(context: Context, problems: readonly PolicyProblem[]): void {
  for (const problem of problems) {
    if (problem.severity === "note") continue;
    const hint = problem.hint === "" ? "" : ` (${problem.hint})`;
    const object = problem.object === "" ? "" : ` ${problem.object}:`;
    const at = problem.path === "" ? "" : ` ${problem.path}:`;
    context.say(`${placeWords(problem)}: ${problem.severity}:${object}${at} ${problem.message}${hint}`);
  }
}

/** Files, folders (every .yaml, .yml and .json in them) and "-", in the order given, folders by name; each once. */
export async function readFiles(names: readonly string[]): Promise<readonly PolicyFile[]> {
  const found: PolicyFile[] = [];
  const seen = new Set<string>();
  let bytes = 0;
  for (const name of names) {
    for (const file of name === "-" ? ["-"] : await filesUnder(name, extensions)) {
      if (seen.has(file)) continue;
      seen.add(file);
      const text = file === "-" ? await standardInput() : await readInputText(file);
      bytes += text.length;
      if (seen.size > inputLimits.filesMax) throw tooMuch(`more than ${inputLimits.filesMax} files`);
      if (bytes > inputLimits.bytesMax) throw tooMuch(`more than ${inputLimits.bytesMax} bytes`);
      found.push({ file: file === "-" ? "(standard input)" : file, text });
    }
  }
  return found;
}

/** The file itself, or a folder's files (and those of its folders) whose names end as `endings` say, sorted. Faults name what is not there. */
export async function filesUnder(name: string, endings: readonly string[], depth = 0): Promise<readonly string[]> {
  if (!inputFacts(name).isDirectory()) return [name];
  if (depth > inputLimits.folderDepthMax) throw tooMuch(`folders deeper than ${inputLimits.folderDepthMax}: ${name}`);
  const entries = (await readdir(name, { withFileTypes: true })).filter((entry) => !entry.name.startsWith("."));
  const files: string[] = [];
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const full = path.join(name, entry.name);
    if (entry.isDirectory()) files.push(...(await filesUnder(full, endings, depth + 1)));
    else if (endings.some((ending) => entry.name.toLowerCase().endsWith(ending))) files.push(full);
    if (files.length > inputLimits.filesMax) throw tooMuch(`more than ${inputLimits.filesMax} files`);
  }
  return files;
}

function tooMuch(message: string): Fault {
  return new Fault(message, { code: "cli/too-large", kind: "too-large", hint: "name fewer files" });
}

let input: string | undefined;

/** Standard input can be read once; two names for it mean the same text. */
async function standardInput(): Promise<string> {
  if (input !== undefined) return input;
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) {
    text += chunk as string;
    if (text.length > inputLimits.bytesMax) throw tooMuch(`more than ${inputLimits.bytesMax} bytes on standard input`);
  }
  input = text;
  return text;
}

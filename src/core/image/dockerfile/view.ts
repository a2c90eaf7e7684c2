// Makes the view that rules look at: stages, and for each RUN its shell and the commands in it.
import { bare, type Dockerfile, type Instruction, type Pragma } from "./parse/model.ts";
import { stagesOf, type Stage } from "./parse/stages.ts";
import { parseScript, scriptOfWords } from "./shell/parse-script.ts";
import type { Script, ShellCommand } from "./shell/script.ts";
import type { LintOptions } from "./options.ts";
import type { LintView } from "./rule.ts";

const defaultShell: readonly string[] = ["/bin/sh", "-c"];
const windowsShell: readonly string[] = ["cmd", "/S", "/C"];

/** The view of a parsed file. */
export function viewOf(file: Dockerfile, options: LintOptions): LintView {
  const { stages, triggers, globals } = stagesOf(file);
  const pragmas = file.pragmas.filter(({ kind }) => kind === "shell");
  const shells = new Map<Stage, readonly string[]>();
  const firstFrom = stages.find(({ from }) => from !== undefined)?.from?.line ?? 0;
  for (const stage of stages) shells.set(stage, giveShells(stage, shells, { pragmas, firstFrom }));
  for (const stage of triggers) shells.set(stage, giveShells(stage, shells, { pragmas, firstFrom }));
  return {
    file,
    stages,
    triggers,
    final: stages.at(-1),
    globals,
    trustedRegistries: options.trustedRegistries ?? [],
    labelSchema: new Map(Object.entries(options.labelSchema ?? {})),
    hasStrictLabels: options.strictLabels === true,
    nowMs: options.nowMs,
  };
}

interface Pragmas {
  readonly pragmas: readonly Pragma[];
  readonly firstFrom: number;
}

/** Gives each RUN its shell and script; the answer is the shell at the stage's end. */
function giveShells(
  stage: Stage,
  known: ReadonlyMap<Stage, readonly string[]>,
  { pragmas, firstFrom }: Pragmas,
): readonly string[] {
  const parent = stage.parent === undefined ? undefined : known.get(stage.parent);
  const isWindows = /^(?:mcr\.microsoft\.com\/)?windows(?:\/|servercore|$)/.test(stage.image?.name ?? "");
  let shell = parent ?? (isWindows ? windowsShell : defaultShell);
  for (const { values } of pragmas.filter(({ line }) => line < firstFrom)) shell = values;
  let seen = Math.max(stage.from?.line ?? 0, firstFrom);
  for (const instruction of stage.instructions) {
    if (pragmas.length > 0) {
      for (const { line, values } of pragmas) if (line > seen && line < instruction.line) shell = values;
      seen = instruction.line;
    }
    if (instruction.keyword === "SHELL" && instruction.json !== undefined) shell = instruction.json;
    if (instruction.keyword !== "RUN") continue;
    instruction.shell = shell;
    if (isPosix(shell)) instruction.script = scriptOf(instruction);
  }
  return shell;
}

/** The shell's name: "bash" of "/usr/bin/bash", "powershell" of a path of Windows. */
export function shellName(shell: readonly string[]): string {
  const first = shell[0] ?? "";
  const path = first.split(/\s/)[0] ?? "";
  return path
    .slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1)
    .toLowerCase()
    .replace(/\.exe$/, "");
}

function isPosix(shell: readonly string[]): boolean {
  return !["pwsh", "powershell", "cmd"].includes(shellName(shell));
}

function scriptOf(run: Instruction): Script {
  if (run.json !== undefined) return scriptOfWords(run.json, run.bodyOffset);
  const script = parseScript(run.body, { base: run.bodyOffset, heredoc: -1 });
  if (run.heredocs.length === 0) return script;
  return withHeredocs(run, script);
}

/** "RUN <<EOF" and "RUN bash <<EOF": the heredoc is a script. */
function withHeredocs(run: Instruction, script: Script): Script {
  const commands: ShellCommand[] = [...script.commands];
  let { hasPipe, count } = script;
  const feedsShell = script.commands.some(({ name, arguments: words, redirections }) => {
    return (
      isShell(name) &&
      words.every(({ text }) => text.startsWith("-") || text === "pipefail") &&
      redirections.some(({ operator }) => operator.startsWith("<<"))
    );
  });
  if (script.commands.length > 0 && !feedsShell) return script;
  for (const [index, { content }] of run.heredocs.entries()) {
    const interpreter = /^#!\s*(\S+)(?:\s+(\S+))?/.exec(content);
    const name =
      interpreter === null
        ? ""
        : bare(interpreter[1]?.endsWith("/env") === true ? (interpreter[2] ?? "") : (interpreter[1] ?? ""));
    if (name !== "" && !isShell(name.slice(name.lastIndexOf("/") + 1))) continue;
    const inner = parseScript(content, { base: 0, heredoc: index });
    for (const command of inner.commands) commands.push(command);
    hasPipe ||= inner.hasPipe;
    count += inner.count;
  }
  return { commands, hasPipe, count };
}

function isShell(name: string): boolean {
  return ["sh", "bash", "dash", "ash", "zsh", "ksh"].includes(name);
}

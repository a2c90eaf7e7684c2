// pip install, also as python -m pip: versions and the cache.
import type { Instruction } from "../parse/model.ts";
import type { Stage } from "../parse/stages.ts";
import { defineRules } from "../rule.ts";
import { hasArgument, hasFlag, plainArguments } from "../shell/arguments.ts";
import type { ShellCommand, ShellWord } from "../shell/script.ts";
import { hasCacheMount, isUnknown, named, rootHome } from "./installing.ts";

const valued = new Set(
  "abi b build e editable extra-index-url f find-links i index-url implementation no-binary only-binary platform prefix progress-bar proxy python-version python root src t target trusted-host upgrade-strategy cache-dir timeout retries config-settings C log cert client-cert report group".split(
    " ",
  ),
);
const versionControl = /^(?:git|hg|svn|bzr)(?:\+[a-z-]+)?(?=:|$)/;

/** The words after "install" and whether it is pip's: "pip install ...", "python3 -m pip install ...". */
function installOf(command: ShellCommand): readonly ShellWord[] | undefined {
  const words = plainArguments(command, valued);
  if (!/^pip[0-9.]*$/.test(command.name)) {
    const module = command.arguments.findIndex(({ text }) => text === "-m");
    if (module < 0 || command.arguments[module + 1]?.text !== "pip") return undefined;
  }
  const at = words.findIndex(({ text }) => text === "install");
  return at < 0 ? undefined : words.slice(at + 1);
}

function isPinned(word: ShellWord): boolean {
  const { text } = word;
  if (isUnknown(word)) return true;
  if (versionControl.test(text)) return text.includes("@", text.indexOf("://") + 3) && /@[^/]+$/.test(text);
  return /[=<>~!]=|[<>]/.test(text) || /\.(?:whl|tar\.gz|zip|tgz|tar\.bz2)$/.test(text) || text.includes("/");
}

const truthy = /^(?:1|true|on|yes|y|t)$/i;

function keepsNoCache(stage: Stage, run: Instruction): boolean {
  for (let one: Stage | undefined = stage; one !== undefined; one = one.parent) {
    let answer: boolean | undefined;
    for (const { keyword, pairs, line } of one.instructions) {
      if (one === stage && line >= run.line) break;
      if (keyword !== "ENV" && keyword !== "ARG") continue;
      const pair = pairs.find(({ name }) => name === "PIP_NO_CACHE_DIR");
      if (pair !== undefined && pair.hasValue) answer = truthy.test(pair.value);
    }
    if (answer !== undefined) return answer;
  }
  return false;
}

function isSetInScript(run: Instruction, command: ShellCommand): boolean {
  const isSet = ({ name, value }: { readonly name: string; readonly value: string }): boolean =>
    name === "PIP_NO_CACHE_DIR" && truthy.test(value);
  if (command.assignments.some(isSet)) return true;
  return (run.script?.commands ?? []).some(({ name, arguments: words, assignments }) => {
    if (name === "") return assignments.some(isSet);
    return (
      name === "export" && words.some(({ text }) => text.startsWith("PIP_NO_CACHE_DIR=") && truthy.test(text.slice(17)))
    );
  });
}

export const pipRules = defineRules(
  {
    id: "dockerfile/pip-unpinned",
    hadolint: "DL3013",
    severity: "warning",
    title: "pip install without versions",
    fix: "Write package==version, or install from a requirements file.",
    onCommand: {
      names: ["pip", "python"],
      check(command, tell, { run }) {
        const packages = installOf(command);
        if (
          packages === undefined ||
          hasFlag(command, "constraint") ||
          hasArgument(command, "-c", "-r", "--requirement", ".")
        )
          return;
        if (hasFlag(command, "requirement", "group")) return;
        const loose = packages.filter((word) => !isPinned(word));
        if (loose.length > 0) tell.command(run, command, `no version is said of ${named(loose)}`);
      },
    },
  },
  {
    id: "dockerfile/pip-cache",
    hadolint: "DL3042",
    severity: "warning",
    title: "pip install without --no-cache-dir",
    fix: `Add --no-cache-dir, or mount a cache over ${rootHome}/.cache/pip.`,
    onCommand: {
      names: ["pip", "python"],
      check(command, tell, { run, stage }) {
        if (installOf(command) === undefined || hasFlag(command, "no-cache-dir") || hasCacheMount(run, ".cache", "pip"))
          return;
        if (isSetInScript(run, command) || keepsNoCache(stage, run)) return;
        tell.command(run, command, "its cache stays in the image");
      },
    },
  },
);

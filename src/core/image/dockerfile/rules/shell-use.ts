// What RUN should not run, and how it should run it.
import type { Instruction } from "../parse/model.ts";
import { defineRules } from "../rule.ts";
import { hasFlag } from "../shell/arguments.ts";
import type { ShellCommand } from "../shell/script.ts";
import { shellName } from "../view.ts";

const pipefailShells = new Set(["bash", "zsh", "ash", "ksh"]);

function hasPipefail(shell: readonly string[]): boolean {
  if (!pipefailShells.has(shellName(shell))) return false;
  const words = shell.flatMap((word) => word.split(/\s+/));
  return words.some((word, index) => word === "pipefail" && /^-[a-zA-Z]*o$/.test(words[index - 1] ?? ""));
}

function setsPipefail({ name, arguments: words }: ShellCommand): boolean {
  return (name === "set" || pipefailShells.has(name)) && words.some(({ text }) => text === "pipefail");
}

export const shellUseRules = defineRules(
  {
    id: "dockerfile/pointless-command",
    hadolint: "DL3001",
    severity: "info",
    title: "a command that makes no sense in a build",
    fix: "Take it out.",
    onCommand: {
      names: [
        "free",
        "kill",
        "mount",
        "ps",
        "service",
        "shutdown",
        "ssh",
        "top",
        "vim",
        "ifconfig",
        "reboot",
        "systemctl",
      ],
      check(command, tell, { run }) {
        tell.command(run, command, `${command.name} has nothing to work on in a build`);
      },
    },
  },
  {
    id: "dockerfile/sudo",
    hadolint: "DL3004",
    severity: "error",
    references: ["DKL-DI-0001"],
    title: "sudo",
    fix: "Switch with USER root and back; at run time use gosu or setpriv.",
    onCommand: {
      names: ["sudo"],
      check(command, tell, { run }) {
        tell.command(run, command, "sudo brings terminals, signals and a setuid file that a container has no use for");
      },
    },
  },
  {
    id: "dockerfile/wget-and-curl",
    hadolint: "DL4001",
    severity: "warning",
    title: "both wget and curl",
    fix: "Use one of them.",
    onStage(stage, tell) {
      let seen = "";
      for (const run of stage.instructions) {
        const found = (run.script?.commands ?? []).filter(({ name }) => name === "wget" || name === "curl");
        if (found.length === 0) continue;
        for (const { name } of found) if (!seen.includes(name)) seen += name;
        const [first] = found;
        if (seen.length > 4 && first !== undefined) tell.command(run, first, "the stage has two tools for one job");
      }
    },
  },
  {
    id: "dockerfile/replaced-shell",
    hadolint: "DL4005",
    severity: "warning",
    title: "a link over /bin/sh",
    fix: 'Use SHELL ["/bin/bash", "-c"].',
    onCommand: {
      names: ["ln"],
      check(command, tell, { run }) {
        if (command.arguments.at(-1)?.text === "/bin/sh")
          tell.command(run, command, "scripts of the base image may not work with another /bin/sh");
      },
    },
  },
  {
    id: "dockerfile/no-pipefail",
    hadolint: "DL4006",
    severity: "warning",
    title: "a pipe without pipefail",
    fix: 'Set SHELL ["/bin/bash", "-o", "pipefail", "-c"] before it.',
    onInstruction: {
      keywords: ["RUN"],
      check(instruction, tell) {
        const { script } = instruction;
        if (script?.hasPipe !== true || hasPipefail(instruction.shell) || script.commands.some(setsPipefail)) return;
        const piped = script.commands.find(({ pipe }) => pipe >= 0);
        const message = "only the last command of a pipe decides whether the build goes on";
        if (piped === undefined) tell.instruction(instruction, message);
        else tell.command(instruction, piped, message);
      },
    },
  },
  {
    id: "dockerfile/wget-progress",
    hadolint: "DL3047",
    severity: "info",
    title: "wget with its progress bar",
    fix: "Add --progress=dot:giga, or -nv.",
    onCommand: {
      names: ["wget"],
      check(command, tell, { run }) {
        if (hasFlag(command, "progress", "q", "quiet", "o", "output-file", "a", "append-output", "no-verbose")) return;
        if (command.arguments.some(({ text }) => text === "-nv")) return;
        tell.command(run, command, "its progress bar fills the build's log");
      },
    },
  },
  {
    id: "dockerfile/consecutive-run",
    hadolint: "DL3059",
    severity: "info",
    title: "RUN after RUN",
    fix: "Join them with && or a heredoc.",
    onStage(stage, tell) {
      let before: Instruction | undefined;
      for (const instruction of stage.instructions) {
        if (instruction.keyword !== "RUN") before = undefined;
        else {
          if (
            before !== undefined &&
            isSimple(before) &&
            isSimple(instruction) &&
            flagText(before) === flagText(instruction)
          ) {
            tell.instruction(instruction, "each RUN is a layer");
          }
          before = instruction;
        }
      }
    },
  },
);

/** One command: chains were put together on purpose. */
function isSimple({ script }: Instruction): boolean {
  return (script?.count ?? 2) <= 1;
}

function flagText({ flags }: Instruction): string {
  return flags.length === 0
    ? ""
    : flags
        .map(({ name, value = "" }) => `${name}=${value}`)
        .sort()
        .join(" ");
}

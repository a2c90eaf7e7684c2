// garrison completion: scripts for bash, zsh and fish, made from the program's own table of commands and flags.
import type { Command } from "commander";
import { Fault } from "../../../base/fault.ts";
import type { CommandUnit } from "./command.ts";

const shells = ["bash", "zsh", "fish"] as const;

export const completion: CommandUnit = {
  name: "completion",
  add(program, run) {
    program
      .command("completion")
      .summary("a completion script for your shell")
      .argument("<shell>", shells.join(", "))
      .addHelpText("after", "\nExample:\n  source <(garrison completion bash)")
      .action(
        run(async (context, { args }) => {
          const shell = shells.find((name) => name === args[0]);
          if (shell === undefined) {
            throw new Fault(`no completion for "${args[0] ?? ""}"`, {
              code: "cli/usage",
              kind: "usage",
              hint: `one of ${shells.join(", ")}`,
            });
          }
          await context.print(script(shell, program));
        }),
      );
  },
};

interface Entry {
  /** "" for the program itself, "flows", "agent token", ... */
  readonly path: string;
  readonly words: readonly string[];
}

function entries(command: Command, path: string): readonly Entry[] {
  const flags = command.options.filter((option) => !option.hidden).map((option) => option.long ?? option.short ?? "");
  const children = command.commands.map((child) => child.name());
  const below = command.commands.flatMap((child) =>
    entries(child, path === "" ? child.name() : `${path} ${child.name()}`),
  );
  return [{ path, words: [...children, ...flags, "--help"] }, ...below];
}

function script(shell: (typeof shells)[number], program: Command): string {
  const all = entries(program, "");
  switch (shell) {
    case "bash":
      return bash(all);
    case "zsh":
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(all)}`;
    case "fish":
      return fish(all);
  }
}

function bash(all: readonly Entry[]): string {
  const cases = all.map(({ path, words }) => `    "${path}") words="${words.join(" ")}" ;;`).join("\n");
  return `_garrison() {
  local path="" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases}
    *) words="" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _garrison garrison
`;
}

function fish(all: readonly Entry[]): string {
  const lines = all.map(({ path, words }) => {
    const condition =
      path === "" ? "__fish_use_subcommand" : `__fish_seen_subcommand_from ${path.split(" ").at(-1) ?? ""}`;
    return `complete -c garrison -f -n '${condition}' -a '${words.join(" ")}'`;
  });
  return `${lines.join("\n")}\n`;
}

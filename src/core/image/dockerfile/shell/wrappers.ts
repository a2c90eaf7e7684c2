// Commands that run the command given as their arguments: sudo, env, nice, exec, gosu, xargs, busybox, sh -c. Which words are the inner command.
import type { ShellCommand, ShellWord } from "./script.ts";

export type Unwrapped =
  | { readonly kind: "command"; readonly command: ShellCommand }
  /** sh -c: the word is a script. */
  | { readonly kind: "script"; readonly word: ShellWord };

/** Flags that take the next word, for each wrapper. */
const wrappers: ReadonlyMap<string, { readonly valued: ReadonlySet<string>; readonly skip: number }> = new Map([
  ["sudo", { valued: new Set(["-u", "-g", "-h", "-p", "-C", "-r", "-t", "-U", "--user", "--group"]), skip: 0 }],
  ["env", { valued: new Set(["-u", "-C", "--unset", "--chdir"]), skip: 0 }],
  ["nice", { valued: new Set(["-n"]), skip: 0 }],
  ["ionice", { valued: new Set(["-c", "-n"]), skip: 0 }],
  ["nohup", { valued: new Set(), skip: 0 }],
  ["exec", { valued: new Set(["-a"]), skip: 0 }],
  ["command", { valued: new Set(), skip: 0 }],
  ["builtin", { valued: new Set(), skip: 0 }],
  ["busybox", { valued: new Set(), skip: 0 }],
  ["eatmydata", { valued: new Set(), skip: 0 }],
  ["timeout", { valued: new Set(["-s", "-k"]), skip: 1 }],
  ["gosu", { valued: new Set(), skip: 1 }],
  ["su-exec", { valued: new Set(), skip: 1 }],
]);

const shells = new Set(["sh", "bash", "dash", "ash", "zsh", "ksh"]);
const assignment = /^[A-Za-z_][A-Za-z0-9_]*=/;

/** What the command runs, when it is a wrapper and says so. */
export function unwrap(command: ShellCommand): Unwrapped | undefined {
  if (shells.has(command.name)) return scriptOf(command);
  const wrapper = wrappers.get(command.name);
  if (wrapper === undefined) return undefined;
  let skip = wrapper.skip;
  const words = command.arguments;
  for (let index = 0; index < words.length; index++) {
    const { text, isQuoted } = words[index] ?? { text: "", isQuoted: true };
    if (!isQuoted && text.startsWith("-")) {
      if (wrapper.valued.has(text)) index++;
      continue;
    }
    if (assignment.test(text) && (command.name === "env" || command.name === "sudo")) continue;
    if (skip-- > 0) continue;
    return { kind: "command", command: innerOf(command, index) };
  }
  return undefined;
}

function innerOf(command: ShellCommand, index: number): ShellCommand {
  const words = command.arguments;
  const written = words[index]?.text ?? "";
  return {
    ...command,
    written,
    name: written.slice(written.lastIndexOf("/") + 1),
    arguments: words.slice(index + 1),
    offset: words[index]?.offset ?? command.offset,
  };
}

/** sh -c SCRIPT, bash -lc SCRIPT, bash -o pipefail -c SCRIPT. */
function scriptOf(command: ShellCommand): Unwrapped | undefined {
  const words = command.arguments;
  for (let index = 0; index < words.length; index++) {
    const text = words[index]?.text ?? "";
    if (!text.startsWith("-") && !text.startsWith("+")) return undefined;
    if (/^-[a-zA-Z]*c$/.test(text)) {
      const word = words[index + 1];
      return word === undefined || word.text === "" || word.text === "$()" ? undefined : { kind: "script", word };
    }
    if (/^[-+][a-zA-Z]*o$/.test(text)) index++;
  }
  return undefined;
}

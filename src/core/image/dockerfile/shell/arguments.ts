// Looks at a command's arguments the way getopt does, roughly: flags by name, words that are no flags, values of flags dropped.
import type { ShellCommand, ShellWord } from "./script.ts";

/** Whether a flag stands there: a long name ("yes" for --yes, --yes=x) or a letter ("y" for -y, -qy). */
export function hasFlag(command: ShellCommand, ...names: readonly string[]): boolean {
  for (const { text } of command.arguments) {
    if (text.charCodeAt(0) !== 45 || text.length < 2) continue;
    for (const name of names) if (isFlag(text, name)) return true;
  }
  return false;
}

function isFlag(text: string, name: string): boolean {
  if (text.charCodeAt(1) !== 45) return name.length === 1 && text.includes(name, 1);
  if (name.length < 2 || !text.startsWith(name, 2)) return false;
  return text.length === name.length + 2 || text.charCodeAt(name.length + 2) === 61;
}

/** A word exactly so. */
export function hasArgument(command: ShellCommand, ...texts: readonly string[]): boolean {
  return command.arguments.some(({ text }) => texts.includes(text));
}

/** A word with this in it. */
export function hasArgumentWith(command: ShellCommand, part: string): boolean {
  return command.arguments.some(({ text }) => text.includes(part));
}

/** The values of a flag: "-u 5", "--uid 5", "--uid=5". */
export function flagValues(command: ShellCommand, ...names: readonly string[]): readonly string[] {
  const values: string[] = [];
  const words = command.arguments;
  for (let index = 0; index < words.length; index++) {
    const text = words[index]?.text ?? "";
    const name = names.find((one) => (one.length === 1 ? text === `-${one}` : text === `--${one}`));
    if (name !== undefined) values.push(words[index + 1]?.text ?? "");
    const long = names.find((one) => one.length > 1 && text.startsWith(`--${one}=`));
    if (long !== undefined) values.push(text.slice(long.length + 3));
    const glued = names.find((one) => one.length === 1 && text.length > 2 && text.startsWith(`-${one}`));
    if (glued !== undefined) values.push(text.slice(2));
  }
  return values;
}

/** Words that are no flags and no values of the flags in `valued` ("t" for -t x and -yt x, "target-release" for --target-release x). */
export function plainArguments(command: ShellCommand, valued: ReadonlySet<string>): readonly ShellWord[] {
  const found: ShellWord[] = [];
  let isValue = false;
  for (const word of command.arguments) {
    const { text } = word;
    if (isValue) isValue = false;
    else if (text.charCodeAt(0) === 45 && text !== "-" && text !== "--") isValue = takesNext(text, valued);
    else found.push(word);
  }
  return found;
}

function takesNext(text: string, valued: ReadonlySet<string>): boolean {
  if (text.charCodeAt(1) === 45) return !text.includes("=") && valued.has(text.slice(2));
  return valued.has(text.slice(1)) || valued.has(text.at(-1) ?? "");
}

/** What is installed: the plain words after the sub-command, or undefined when the sub-command is another. */
export function packagesAfter(
  command: ShellCommand,
  subcommands: readonly string[],
  valued: ReadonlySet<string>,
): readonly ShellWord[] | undefined {
  const words = plainArguments(command, valued);
  const [first] = words;
  return first !== undefined && subcommands.includes(first.text) ? words.slice(1) : undefined;
}

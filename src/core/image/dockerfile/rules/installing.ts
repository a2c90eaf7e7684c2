// What rules for package managers share: caches that a mount keeps out of the image, stages whose leftovers reach an image, words that are no package.
import type { Instruction } from "../parse/model.ts";
import type { Stage } from "../parse/stages.ts";
import type { LintView } from "../rule.ts";
import type { ShellCommand, ShellWord } from "../shell/script.ts";

/** Where tools keep their caches in an image that is built as root. */
export const rootHome = "/root";

/** A cache or tmpfs mount over a path that has one of the parts in it. */
export function hasCacheMount({ mounts }: Instruction, ...parts: readonly string[]): boolean {
  return mounts.some(
    ({ type, target }) => (type === "cache" || type === "tmpfs") && parts.some((part) => target.includes(part)),
  );
}

/** What the stage leaves behind is in an image: the final one, or one that another stage builds on. Triggers run in builds that are not known. */
export function isKept(stage: Stage, view: LintView): boolean {
  if (stage.isTrigger || stage === view.final) return true;
  return stage.consumers.some((consumer) => consumer.parent === stage);
}

/** Nothing of it can be read here: $(cat packages), "$@". */
export function isUnknown({ text, hasSubstitution }: ShellWord): boolean {
  return hasSubstitution || text === "" || text === "$@" || text === "$*" || text === "--";
}

export function isRemovalOf(command: ShellCommand, ...prefixes: readonly string[]): boolean {
  if (command.name !== "rm" && command.name !== "find") return false;
  return command.arguments.some(({ text }) => prefixes.some((prefix) => text.startsWith(prefix)));
}

/** Whether a command that satisfies `test` stands after `command` in the script. */
export function isFollowedBy(run: Instruction, command: ShellCommand, test: (later: ShellCommand) => boolean): boolean {
  const commands = run.script?.commands ?? [];
  return commands.slice(commands.indexOf(command) + 1).some(test);
}

/** Names for a message: the first three. */
export function named(words: readonly ShellWord[]): string {
  const texts = words.slice(0, 3).map(({ text }) => (text.length > 60 ? `${text.slice(0, 60)}...` : text));
  return `${texts.join(", ")}${words.length > 3 ? ` and ${words.length - 3} more` : ""}`;
}

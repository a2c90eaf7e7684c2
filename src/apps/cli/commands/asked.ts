// Which command a line asks for, told before any command is read, and what stands for those that were not asked for.
import type { CommandUnit } from "./command.ts";
import { commandEntries, type CommandEntry } from "./list.ts";

/** The program's own flags that take a value in the next word. */
const flagsWithValue: ReadonlySet<string> = new Set([
  "-o",
  "--output",
  "--server",
  "--token",
  "--data",
  "--color",
  "--width",
  "--now",
]);

/** The first word that is neither a flag nor a flag's value; behind `help` the one after it. undefined: none. */
export function commandAsked(argv: readonly string[]): string | undefined {
  let isHelp = false;
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? "";
    if (flagsWithValue.has(word)) at += 1;
    else if (word === "help" && !isHelp) isHelp = true;
    else if (!word.startsWith("-")) return word;
  }
  return undefined;
}

/** The command that is asked for, whole, and every other one by name: an app that runs for months does not carry all commands along. */
export async function unitsFor(argv: readonly string[]): Promise<readonly CommandUnit[]> {
  const name = commandAsked(argv);
  // The script for a shell names every flag of every command.
  const isAll = name === "completion" && !argv.includes("--help") && !argv.includes("-h");
  return await Promise.all(
    commandEntries.map(async (entry) =>
      isAll || entry.shown.some((each) => each.name === name) ? await entry.load() : nameOnly(entry),
    ),
  );
}

/** Stands in the program's help and among its suggestions; it cannot be run. */
function nameOnly({ shown }: CommandEntry): CommandUnit {
  return {
    name: shown[0]?.name ?? "",
    add(program) {
      for (const { name, summary } of shown) {
        program
          .command(name)
          .summary(summary)
          .action(() => {
            throw new Error(`the command ${name} was not read`);
          });
      }
    },
  };
}

// The command line: builds the program from the list of commands, maps faults to messages and exit codes, prints data on standard output.
import { once } from "node:events";
import { Command, CommanderError, Help } from "commander";
import { exitCodeOf, toFault, type Fault } from "../../base/fault.ts";
import { unitsFor } from "./commands/asked.ts";
import type { CommandUnit, Run } from "./commands/command.ts";
import { commandEntries } from "./commands/list.ts";
import type { Context, GlobalFlags } from "./context.ts";
import { coloured, harmlessLines } from "./output/harmless.ts";
import { addGlobalFlags, checkOutput } from "./output/format-flags.ts";
import { paint } from "./output/paint.ts";
import { version } from "./version.ts";

const interruptedCode = 130;

/** Runs one command line (without node and script) and sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const interrupt = new AbortController();
  let isInterrupted = false;
  process.on("SIGINT", () => {
    // A second Ctrl-C does not wait for an orderly end.
    if (isInterrupted) process.exit(interruptedCode);
    isInterrupted = true;
    interrupt.abort();
  });
  // A reader that went away (`garrison flows | head`) ends the command without noise.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const program = buildProgram(interrupt.signal, await unitsFor(termsLast(argv)));
  try {
    await program.parseAsync(termsLast(argv), { from: "user" });
    if (isInterrupted) process.exitCode ??= interruptedCode;
  } catch (error) {
    process.exitCode = isInterrupted ? interruptedCode : report(error, program);
  }
}

/** Filter terms that begin with a minus (`-verdict:allow`) are no flags: they go behind `--`, unless the user wrote one. */
export function termsLast(argv: readonly string[]): readonly string[] {
  if (argv.includes("--")) return argv;
  const isTerm = (word: string): boolean => /^-[a-z][\w.]*:/i.test(word);
  const terms = argv.filter(isTerm);
  return terms.length === 0 ? argv : [...argv.filter((word) => !isTerm(word)), "--", ...terms];
}

/** The program with these commands; completion and help come from the same table. */
export function buildProgram(signal: AbortSignal, units: readonly CommandUnit[]): Command {
  const program = new Command("garrison")
    .description("Active security and observability for Kubernetes.")
    .version(version, "-V, --version")
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false, subcommandTerm })
    .configureOutput({ outputError: () => undefined })
    .addHelpText("after", "\nExit codes: garrison exit-codes. First steps: npm start, then garrison status.");
  addGlobalFlags(program);
  const run: Run =
    (action) =>
    async (...given) => {
      const command = given.at(-1) as Command;
      const options = command.opts<GlobalFlags & { now?: string }>();
      const flags = { ...program.opts<GlobalFlags & { now?: string }>(), ...definedOf(options) };
      checkOutput(command, flags.output);
      const code = await action(contextOf(flags, signal), { args: command.args, options: options as never });
      if (typeof code === "number") process.exitCode = code;
    };
  for (const unit of units) unit.add(program, run);
  for (const command of leaves(program)) {
    command.exitOverride().configureOutput({ outputError: () => undefined });
    if (command !== program && command.commands.length === 0) addGlobalFlags(command);
  }
  return program;
}

/** "flows [options] [filter...]": of the program's own commands from the table, because most of them were not read. */
function subcommandTerm(command: Command): string {
  const isOwn = command.parent?.parent === null;
  const known = isOwn && commandEntries.flatMap(({ shown }) => shown).find(({ name }) => name === command.name());
  if (!known) return new Help().subcommandTerm(command);
  return known.shape === "" ? known.name : `${known.name} ${known.shape}`;
}

function leaves(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(leaves)];
}

/** A sub-command's defaults must not override what stands before it. */
function definedOf<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(options).filter(([key, value]) => value !== undefined && !(key === "color" && value === "auto")),
  ) as Partial<T>;
}

function contextOf(flags: GlobalFlags & { readonly now?: string }, signal: AbortSignal): Context {
  const isTerminal = process.stdout.isTTY;
  const noColor = (process.env["NO_COLOR"] ?? "") !== "";
  const isColored = flags.color === "always" || (flags.color !== "never" && isTerminal && !noColor);
  const now = flags.now === undefined ? undefined : Date.parse(flags.now);
  return {
    environment: process.env,
    flags,
    paint: paint(isColored),
    width:
      flags.width === undefined
        ? isTerminal
          ? process.stdout.columns
          : Number.POSITIVE_INFINITY
        : Number(flags.width),
    isTerminal,
    nowMs: () => now ?? Date.now(),
    print: async (text) => {
      if (text !== "" && !process.stdout.write(coloured(text))) await once(process.stdout, "drain");
    },
    say: (line) => {
      process.stderr.write(`${coloured(harmlessLines(line))}\n`);
    },
    signal,
    fetch: globalThis.fetch,
  };
}

/** Prints what went wrong, where and how to fix it; returns the exit code. */
function report(error: unknown, program: Command): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    const message = error.message.replace(/^error: /, "");
    // A group without its command: its own help has been written already.
    if (message !== "(outputHelp)")
      process.stderr.write(
        `error[cli/usage]: ${message}\nhint: garrison ${commandOf(process.argv.slice(2), program)}--help\n`,
      );
    return 2;
  }
  const fault = toFault(error);
  const hint = fault.hint === undefined ? "" : `hint: ${fault.hint}\n`;
  process.stderr.write(harmlessLines(`error[${fault.code}]: ${fault.message}\n${causes(fault)}${hint}`));
  if (fault.code === "internal/unexpected" && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  return exitCodeOf(fault);
}

/** "policy apply " when that is the command whose help serves; "" for the program's own. Words before it may be values of the program's flags. */
export function commandOf(words: readonly string[], program: Command): string {
  let [at, path] = [program, ""];
  for (const word of words) {
    const next = at.commands.find((command) => command.name() === word || command.aliases().includes(word));
    if (next !== undefined) [at, path] = [next, `${path}${next.name()} `];
    else if (!word.startsWith("-") && path !== "") break;
  }
  return path;
}

function causes(fault: Fault): string {
  const lines: string[] = [];
  let cause = fault.cause;
  while (cause instanceof Error && lines.length < 5) {
    if (cause.message !== "" && cause.message !== fault.message) lines.push(`  because: ${cause.message}\n`);
    cause = cause.cause;
  }
  return lines.join("");
}

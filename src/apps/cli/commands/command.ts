// What a command is: one file, one line in list.ts. It adds itself to the program and runs with the context.
import type { Command } from "commander";
import type { Context } from "../context.ts";

export interface CommandUnit {
  readonly name: string;
  /** Adds the sub-command; `run` wraps an action so that it gets the context and its faults become exit codes. */
  add(program: Command, run: Run): void;
}

/** The action gets commander's arguments and options; it returns an exit code when that is not 0. */
export type Run = <Options extends object>(
  action: (
    context: Context,
    input: { readonly args: readonly string[]; readonly options: Options },
  ) => Promise<number | void>,
) => (...given: unknown[]) => Promise<void>;

// garrison help exit-codes: the table that scripts may rely on. Tested in cli.test.ts.
import type { CommandUnit } from "./command.ts";

export const exitCodes = [
  [0, "ok"],
  [1, "unexpected failure, or refused as things stand (somebody was faster, a step was left out)"],
  [2, "usage or configuration error, a file that cannot be read, input that is refused as a whole"],
  [3, "findings at or above the gate (never a failure of the program)"],
  [4, "authentication or authorisation"],
  [5, "not found: what was asked about (a workload, a resource, an image, a process) is not there"],
  [6, "unreachable or timed out"],
  [7, "partial result: something could not be looked at or was refused, see the lines on standard error"],
  [130, "interrupted"],
] as const;

export const exitCodesCommand: CommandUnit = {
  name: "exit-codes",
  add(program, run) {
    program
      .command("exit-codes")
      .summary("what the exit codes mean")
      .action(
        run((context) =>
          context.print(exitCodes.map(([code, text]) => `${String(code).padStart(4)}  ${text}\n`).join("")),
        ),
      );
  },
};

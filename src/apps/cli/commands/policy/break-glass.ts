// garrison policy break-glass: all enforcement off on this machine, now, without server and agent; and the way back.
import type { CommandUnit } from "../command.ts";

export interface BreakGlassFlags {
  readonly because: string;
  readonly end?: true;
}

export const policyBreakGlass: CommandUnit = {
  name: "break-glass",
  add(group, run) {
    group
      .command("break-glass")
      .summary("take all enforcement out of this machine's kernel, without server and agent")
      .option("--because <text>", "why; kept in the file and shown in statuses", "")
      .option("--end", "lift it: the agent enforces again what its resources say")
      .addHelpText(
        "after",
        "\nRemoves the table `inet garrison`, then writes a file into the data folder; while it is there no agent of that folder enforces anything.\nWhere the file cannot be written the table is out all the same, and the command fails: an agent may put it back.\n\nExamples:\n  sudo garrison policy break-glass --because 'payments are down'\n  sudo garrison policy break-glass --end",
      )
      .action(
        run<BreakGlassFlags>(async (context, { options }) =>
          (await import("./run-break-glass.ts")).runBreakGlass(context, options),
        ),
      );
  },
};

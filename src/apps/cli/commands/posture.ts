// garrison posture: what a container may really do, layer by layer. Of a workload from the server; of one process of this machine without any server.
import type { CommandUnit } from "./command.ts";

export interface PostureFlags {
  readonly pid?: string;
  readonly since?: string;
}

export const posture: CommandUnit = {
  name: "posture",
  add(program, run) {
    program
      .command("posture")
      .summary("rights of a workload's containers, or of a process: declared, effective, used")
      .argument(
        "[workload]",
        "NAME, NAMESPACE/NAME or NAMESPACE/KIND/NAME; none: all containers that differ from what they declare",
      )
      .option("--pid <number>", "a process of this machine, from /proc; no server is asked")
      .option("--since <time>", "looks and learning since: 15m, 2h, 7d or RFC 3339")
      .addHelpText(
        "after",
        "\nExit code 3: declared and effective differ. Without root some layers are unknown, and say so.\n\nExamples:\n  garrison posture shop/web\n  sudo garrison posture --pid 812 -o json",
      )
      .action(
        run<PostureFlags>(async (context, { args, options }) =>
          (await import("./posture/run-posture.ts")).runPosture(context, args[0], options),
        ),
      );
  },
};

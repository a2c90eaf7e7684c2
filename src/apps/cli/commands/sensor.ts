// garrison sensor: what the node's sensor can do on this machine. No server is asked.
import type { CommandUnit } from "./command.ts";

export interface ProbeFlags {
  readonly json?: boolean;
}

export const sensor: CommandUnit = {
  name: "sensor",
  add(program, run) {
    const group = program
      .command("sensor")
      .summary("the sensor on this machine: what its kernel can do")
      .description("What the sensor and the guard can do here. Nothing is changed, no server is asked.");
    group
      .command("probe")
      .summary("try each family of kernel means once, and say what an absence costs")
      .option("--json", "the same as -o json")
      .addHelpText(
        "after",
        "\nOne trivial program per family is loaded and let go. Without root most of it is unknown, and says why.\n\nExamples:\n  sudo garrison sensor probe\n  sudo garrison sensor probe --json",
      )
      .action(
        run<ProbeFlags>(async (context, { options }) =>
          (await import("./sensor/run-probe.ts")).runProbe(context, options),
        ),
      );
  },
};

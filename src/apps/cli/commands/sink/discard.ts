// garrison sink discard: throws dead letters away.
import { Fault } from "../../../../base/fault.ts";
import { ask } from "../../context.ts";
import type { CommandUnit } from "../command.ts";
import { idsOf, sinkOf, type SinkFlags, withSink } from "./flags.ts";

interface DiscardFlags extends SinkFlags {
  readonly all?: boolean;
}

export const sinkDiscard: CommandUnit = {
  name: "discard",
  add(group, run) {
    withSink(group.command("discard").summary("throw dead letters away"))
      .argument("[numbers...]", "these dead letters")
      .option("--all", "all of them")
      .addHelpText("after", "\nExamples:\n  garrison sink discard siem 12 13\n  garrison sink discard siem --all")
      .action(
        run<DiscardFlags>(async (context, { args, options }) => {
          const ids = idsOf(args);
          if ((ids === undefined) !== (options.all === true))
            throw new Fault("name dead letters by their numbers, or say --all", { code: "cli/usage", kind: "usage" });
          const body = ids === undefined ? {} : { ids };
          const { discarded, left } = await ask(context, "discardSinkLetters", { ...sinkOf(args, options), body });
          await context.print(`${discarded} thrown away, ${left} left\n`);
        }),
      );
  },
};

// garrison sink replay: sends dead letters again; those that are taken leave.
import { ask } from "../../context.ts";
import type { CommandUnit } from "../command.ts";
import { idsOf, sinkOf, type SinkFlags, withSink } from "./flags.ts";

export const sinkReplay: CommandUnit = {
  name: "replay",
  add(group, run) {
    withSink(group.command("replay").summary("send dead letters again; exit 7 when some are left"))
      .argument("[numbers...]", "only these dead letters (default: all)")
      .addHelpText("after", "\nExamples:\n  garrison sink replay siem\n  garrison sink replay siem 12 13")
      .action(
        run<SinkFlags>(async (context, { args, options }) => {
          const ids = idsOf(args);
          const body = ids === undefined ? {} : { ids };
          const outcome = await ask(context, "replaySink", { ...sinkOf(args, options), body });
          const { delivered, failed, left, because } = outcome;
          if (context.flags.output === "json") await context.print(`${JSON.stringify(outcome, undefined, 2)}\n`);
          else await context.print(`${delivered} delivered, ${failed} failed, ${left} left\n`);
          if (because !== "") context.say(because);
          return failed > 0 || (ids === undefined && left > 0) ? 7 : 0;
        }),
      );
  },
};

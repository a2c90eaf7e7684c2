// garrison sink replay: sends dead letters again; those that are taken leave.
import { Fault } from "../../../../base/fault.ts";
import { ask } from "../../context.ts";
import type { CommandUnit } from "../command.ts";
import { idsOf, sinkOf, type SinkFlags, withSink } from "./flags.ts";

export const sinkReplay: CommandUnit = {
  name: "replay",
  add(group, run) {
    withSink(
      group
        .command("replay")
        .summary("send dead letters again; exit 7 when some of them are left, 5 when there is none of the numbers"),
    )
      .argument("[numbers...]", "only these dead letters (default: all)")
      .addHelpText("after", "\nExamples:\n  garrison sink replay siem\n  garrison sink replay siem 12 13")
      .action(
        run<SinkFlags>(async (context, { args, options }) => {
          const ids = idsOf(args);
          const body = ids === undefined ? {} : { ids };
          const outcome = await ask(context, "replaySink", { ...sinkOf(args, options), body });
          const { delivered, failed, left, because } = outcome;
          const untried = (ids?.length ?? 0) - delivered - failed;
          if (ids !== undefined && untried === ids.length && because === "")
            throw new Fault(`${args[0]} has no dead letter ${ids.join(", ")}`, {
              code: "cli/no-letter",
              kind: "not-found",
              hint: `\`garrison sink dead-letters ${args[0]}\` shows their numbers`,
            });
          if (context.flags.output === "json") await context.print(`${JSON.stringify(outcome, undefined, 2)}\n`);
          else await context.print(`${delivered} delivered, ${failed} failed, ${left} left\n`);
          if (because !== "") context.say(because);
          else if (untried > 0) context.say(`${untried} of the ${ids?.length} asked for are not there`);
          return failed > 0 || untried > 0 || (ids === undefined && left > 0) ? 7 : 0;
        }),
      );
  },
};

// garrison sink test: sends one event now and says what became of it.
import { ask } from "../../context.ts";
import type { CommandUnit } from "../command.ts";
import { sinkOf, type SinkFlags, withSink } from "./flags.ts";

export const sinkTest: CommandUnit = {
  name: "test",
  add(group, run) {
    withSink(group.command("test").summary("send a test event once, and say what became of it; exit 6 when it failed"))
      .addHelpText("after", "\nExamples:\n  garrison sink test siem\n  garrison sink test siem -o json")
      .action(
        run<SinkFlags>(async (context, { args, options }) => {
          const outcome = await ask(context, "testSink", sinkOf(args, options));
          const { ok, because, hint, tookMs } = outcome;
          if (context.flags.output === "json") await context.print(`${JSON.stringify(outcome, undefined, 2)}\n`);
          else await context.print(`${ok ? "taken" : "failed"}: ${because} (${tookMs} ms)\n`);
          if (!ok && hint !== "") context.say(`hint: ${hint}`);
          return ok ? 0 : 6;
        }),
      );
  },
};

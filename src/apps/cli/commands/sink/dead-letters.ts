// garrison sink dead-letters: what could not be delivered, and why.
import type { SinkDeadLetter } from "../../../server/contract/sinks.ts";
import { ask } from "../../context.ts";
import { render, type Sheet } from "../../output/format.ts";
import { clockTime } from "../../output/units.ts";
import type { CommandUnit } from "../command.ts";
import { sinkOf, type SinkFlags, withSink } from "./flags.ts";

interface LetterFlags extends SinkFlags {
  readonly limit?: string;
  readonly after?: string;
}

export const sinkDeadLetters: CommandUnit = {
  name: "dead-letters",
  add(group, run) {
    withSink(group.command("dead-letters").summary("events that could not be delivered, the oldest first, and why"))
      .option("--limit <count>", "at most so many (1-500)", "100")
      .option("--after <number>", "go on after this number", "0")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison sink dead-letters siem\n  garrison sink dead-letters siem -o jsonl",
      )
      .action(
        run<LetterFlags>(async (context, { args, options }) => {
          const { params, query } = sinkOf(args, options);
          const asked = { ...query, limit: options.limit ?? "100", after: options.after ?? "0" };
          const { letters, total, next } = await ask(context, "sinkDeadLetters", { params, query: asked });
          const format = context.flags.output ?? "table";
          await context.print(render(letters, sheetAt(context.nowMs()), { format, width: context.width }));
          const more = next === undefined ? "" : `; --after ${next} goes on`;
          context.say(`${total} dead letters${more}`);
        }),
      );
  },
};

function sheetAt(nowMs: number): Sheet<SinkDeadLetter> {
  return {
    name: ({ id }) => String(id),
    columns: [
      { title: "number", value: ({ id }) => String(id), align: "right" },
      { title: "given up", value: ({ time }) => clockTime(time, nowMs) },
      { title: "attempts", value: ({ attempts }) => String(attempts), align: "right" },
      { title: "severity", value: ({ event }) => event?.severity ?? "?" },
      { title: "rule", value: ({ event }) => event?.rule ?? "cannot be read" },
      { title: "workload", value: ({ event }) => (event === undefined ? "-" : `${event.namespace}/${event.workload}`) },
      { title: "because", value: ({ because }) => because },
    ],
  };
}

// garrison sink list: every sink, how it is, what waits and what could not be delivered.
import type { SinkStatus } from "../../../server/contract/sinks.ts";
import { ask } from "../../context.ts";
import { render, type Sheet } from "../../output/format.ts";
import { age } from "../../output/units.ts";
import type { CommandUnit } from "../command.ts";

export const sinkStates: CommandUnit = {
  name: "list",
  add(group, run) {
    group
      .command("list")
      .summary("sinks: state, last error, queue, dead letters; exit 7 when one does not deliver")
      .addHelpText("after", "\nExamples:\n  garrison sink list\n  garrison sink list -o wide")
      .action(
        run(async (context) => {
          const { sinks, notices } = await ask(context, "listSinks", {});
          const format = context.flags.output ?? "table";
          await context.print(render(sinks, sheetAt(context.nowMs()), { format, width: context.width }));
          for (const { name, lastError, hint, state } of sinks)
            if ((state === "failing" || state === "refused") && hint !== "")
              context.say(`${name}: ${lastError}; ${hint}`);
          if (sinks.length === 0)
            context.say("no sink: garrison apply -f sink.yaml makes one (docs/guides/outputs.md)");
          return notices.length > 0 ? 7 : 0;
        }),
      );
  },
};

function sheetAt(nowMs: number): Sheet<SinkStatus> {
  const ago = (time: string | undefined): string => (time === undefined ? "-" : age(Date.parse(time), nowMs));
  return {
    name: ({ name }) => name,
    columns: [
      { title: "name", value: ({ name }) => name },
      { title: "scope", value: ({ scope }) => scope, isWide: true },
      { title: "to", value: ({ type }) => type },
      { title: "state", value: ({ state }) => state },
      { title: "delivered", value: ({ counts }) => String(counts.delivered), align: "right" },
      { title: "last", value: ({ lastDeliveredAt }) => ago(lastDeliveredAt), align: "right" },
      { title: "queued", value: ({ queued }) => String(queued), align: "right" },
      { title: "dead letters", value: ({ deadLetters }) => String(deadLetters), align: "right" },
      { title: "failures", value: ({ counts }) => String(counts.failures), align: "right", isWide: true },
      { title: "filtered", value: ({ counts }) => String(counts.filtered), align: "right", isWide: true },
      { title: "over limit", value: ({ counts }) => String(counts.overLimit), align: "right", isWide: true },
      { title: "letters lost", value: ({ counts }) => String(counts.lettersLost), align: "right", isWide: true },
      { title: "target", value: ({ target }) => target },
      { title: "because", value: ({ because }) => because || "-", wraps: true },
    ],
  };
}

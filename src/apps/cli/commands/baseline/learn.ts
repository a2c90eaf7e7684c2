// garrison baseline learn: what learning again would add and take away; with --save it becomes a new version.
import { Fault } from "../../../../base/fault.ts";
import { ask } from "../../context.ts";
import { harmless } from "../../output/harmless.ts";
import { render } from "../../output/format.ts";
import type { CommandUnit } from "../command.ts";
import { findWorkload, formatOf, keyOf, withWorkload, type WorkloadFlags } from "./find-workload.ts";

export interface BaselineLearnFlags extends WorkloadFlags {
  readonly save?: boolean;
  readonly ageOut: string;
}

export const baselineLearn: CommandUnit = {
  name: "learn",
  add(group, run) {
    withWorkload(group.command("learn"))
      .summary("learn again: what was seen joins, what was not seen for long leaves; --save makes it a new version")
      .option("--save", "write the new version (default: only tell)")
      .option("--age-out <days>", "items not seen for so many days leave; 0: none", "30")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison baseline learn shop/checkout\n  garrison baseline learn shop/checkout --age-out 6 --save",
      )
      .action(
        run<BaselineLearnFlags>(async (context, { args, options }) => {
          const ladder = await findWorkload(context, args[0] ?? "", options);
          const ageOutDays = daysOf(options.ageOut);
          const since = options.since ?? "7d";
          const body = { ...keyOf(ladder), dryRun: options.save !== true, ageOutDays, since };
          const answer = await ask(context, "learnBaseline", { body });
          const format = formatOf(context, options);
          if (format !== "table" && format !== "wide") {
            await context.print(
              render([answer], { columns: [], name: () => ladder.workload }, { format, width: context.width }),
            );
            return;
          }
          const { added, removed, resource, ageOutBecause } = answer;
          const lines = [
            ...added.map(({ kind, item }) => context.paint.good(`+ ${kind}: ${harmless(item)}`)),
            ...removed.map(({ kind, item }) => context.paint.bad(`- ${kind}: ${harmless(item)}`)),
          ];
          await context.print(lines.map((line) => `${line}\n`).join(""));
          if (ageOutBecause !== "") context.say(ageOutBecause);
          if (resource !== undefined) context.say(`Baseline/${resource.name} version ${resource.generation}`);
          else if (ladder.step === "learning")
            context.say(
              `it is learning (confidence ${ladder.confidence.level}): \`garrison baseline promote\` freezes this`,
            );
          else
            context.say(
              lines.length === 0 ? "nothing to change" : "nothing was written: --save makes it a new version",
            );
        }),
      );
  },
};

function daysOf(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 0 && days <= 365 && text.trim() !== "") return days;
  throw new Fault(`--age-out ${text.slice(0, 40)} is no number of days`, {
    code: "cli/usage",
    kind: "usage",
    hint: "0 to 365",
  });
}

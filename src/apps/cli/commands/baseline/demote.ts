// garrison baseline demote: a step down: to monitoring, or to learning (the resource goes, its history stays).
import { InvalidArgumentError } from "commander";
import { ask } from "../../context.ts";
import { render } from "../../output/format.ts";
import type { CommandUnit } from "../command.ts";
import { findWorkload, formatOf, keyOf, withWorkload, type WorkloadFlags } from "./find-workload.ts";

export interface BaselineDemoteFlags extends WorkloadFlags {
  readonly to: "learning" | "monitoring";
}

export const baselineDemote: CommandUnit = {
  name: "demote",
  add(group, run) {
    withWorkload(group.command("demote"))
      .summary("a step down: to monitoring, or back to learning")
      .requiredOption("--to <step>", "monitoring or learning", stepOf)
      .addHelpText("after", "\nExample:\n  garrison baseline demote shop/checkout --to monitoring")
      .action(
        run<BaselineDemoteFlags>(async (context, { args, options }) => {
          const ladder = await findWorkload(context, args[0] ?? "", options);
          const { resource } = await ask(context, "demoteBaseline", { body: { ...keyOf(ladder), to: options.to } });
          const format = formatOf(context, options);
          if (format === "table" || format === "wide")
            await context.print(
              options.to === "learning"
                ? `Baseline/${resource.name} deleted: it learns again; \`garrison restore\` brings a version back\n`
                : `Baseline/${resource.name} version ${resource.generation}: monitoring; nothing is ended\n`,
            );
          else
            await context.print(
              render([resource], { columns: [], name: () => resource.name }, { format, width: context.width }),
            );
        }),
      );
  },
};

function stepOf(value: string): string {
  if (value === "monitoring" || value === "learning") return value;
  throw new InvalidArgumentError("monitoring or learning");
}

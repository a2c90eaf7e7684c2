// garrison baseline export: the baseline as a resource in YAML, to read, edit, review and import again; while learning, what freezing would make.
import { stringify } from "../../output/yaml.ts";
import { ask } from "../../context.ts";
import { harmlessLines } from "../../output/harmless.ts";
import type { CommandUnit } from "../command.ts";
import { findWorkload, keyOf, withWorkload, type WorkloadFlags } from "./find-workload.ts";

export const baselineExport: CommandUnit = {
  name: "export",
  add(group, run) {
    withWorkload(group.command("export"))
      .summary("the baseline as a resource in YAML (JSON with --json), for files and reviews")
      .addHelpText("after", "\nExample:\n  garrison baseline export shop/checkout > checkout.yaml")
      .action(
        run<WorkloadFlags>(async (context, { args, options }) => {
          const ladder = await findWorkload(context, args[0] ?? "", options);
          const since = options.since ?? "7d";
          const { manifest } = await ask(context, "getBaseline", { query: { ...keyOf(ladder), since } });
          if (ladder.step === "learning") context.say("it is learning: this is what freezing would make now");
          const isJson = options.json === true || context.flags.output === "json";
          await context.print(
            isJson ? `${JSON.stringify(manifest, undefined, 2)}\n` : harmlessLines(stringify(manifest)),
          );
        }),
      );
  },
};

// garrison baseline diff: the frozen baseline against what was seen in the window; exit code 3 when anything was seen outside it.
import { ask } from "../../context.ts";
import { render, type Sheet } from "../../output/format.ts";
import type { CommandUnit } from "../command.ts";
import { sayWindow } from "../rows.ts";
import { findWorkload, formatOf, keyOf, withWorkload, type WorkloadFlags } from "./find-workload.ts";
import type { Detail } from "./show.ts";

interface Difference {
  readonly change: "seen, not in the baseline" | "in the baseline, not seen";
  readonly kind: string;
  readonly item: string;
  readonly count: number;
}

export const baselineDiff: CommandUnit = {
  name: "diff",
  add(group, run) {
    withWorkload(group.command("diff"))
      .summary("the baseline against what was seen; exit code 3 when something is outside it")
      .addHelpText("after", "\nExample:\n  garrison baseline diff shop/checkout --since 24h")
      .action(
        run<WorkloadFlags>(async (context, { args, options }) => {
          const ladder = await findWorkload(context, args[0] ?? "", options);
          const since = options.since ?? "7d";
          const detail = await ask(context, "getBaseline", { query: { ...keyOf(ladder), since } });
          const rows = differences(detail);
          await context.print(render(rows, sheet, { format: formatOf(context, options), width: context.width }));
          if (ladder.step === "learning") context.say("it is learning: there is no baseline to compare with");
          const code = sayWindow(context, detail.window);
          return rows.some(({ change }) => change === "seen, not in the baseline") ? 3 : code;
        }),
      );
  },
};

function differences({ items }: Detail): readonly Difference[] {
  return items.flatMap(({ kind, item, count, inBaseline, firstSeen }): readonly Difference[] => {
    if (!inBaseline) return [{ change: "seen, not in the baseline", kind, item, count }];
    return firstSeen === undefined ? [{ change: "in the baseline, not seen", kind, item, count }] : [];
  });
}

const sheet: Sheet<Difference> = {
  name: ({ kind, item }) => `${kind}:${item}`,
  columns: [
    { title: "", value: ({ change }) => (change === "seen, not in the baseline" ? "+" : "-") },
    { title: "kind", value: ({ kind }) => kind },
    { title: "item", value: ({ item }) => item },
    { title: "times", value: ({ count }) => String(count), align: "right" },
    { title: "what", value: ({ change }) => change },
  ],
};

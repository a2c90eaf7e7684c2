// garrison baseline accept: drift that is meant to be: it joins the baseline, as a new version.
import { Fault } from "../../../../base/fault.ts";
import { type BaselineItemKind, baselineItemKinds } from "../../../../model/baseline.ts";
import { ask } from "../../context.ts";
import { render } from "../../output/format.ts";
import type { CommandUnit } from "../command.ts";
import { findWorkload, formatOf, keyOf, withWorkload, type WorkloadFlags } from "./find-workload.ts";
import type { Detail } from "./show.ts";

export interface BaselineAcceptFlags extends WorkloadFlags {
  readonly all?: boolean;
  readonly reason: string;
}

interface Wanted {
  readonly kind: BaselineItemKind;
  readonly item: string;
}

export const baselineAccept: CommandUnit = {
  name: "accept",
  add(group, run) {
    withWorkload(group.command("accept"))
      .summary("take drift into the baseline: a new version")
      .argument(
        "[item...]",
        "as `baseline show` prints it; with its kind where that is needed: executables:/usr/bin/nc",
      )
      .option("--all", "all drift that is open")
      .option("--reason <text>", "why it is meant to be; kept with the baseline", "")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison baseline accept shop/checkout /usr/bin/curl --reason 'health check'\n  garrison baseline accept shop/checkout 'domains:example.com'",
      )
      .action(
        run<BaselineAcceptFlags>(async (context, { args, options }) => {
          const [name = "", ...words] = args;
          if (words.length === 0 && options.all !== true)
            throw new Fault("nothing to accept", { code: "cli/usage", kind: "usage", hint: "name items, or --all" });
          const ladder = await findWorkload(context, name, options);
          const since = options.since ?? "7d";
          const detail = await ask(context, "getBaseline", { query: { ...keyOf(ladder), since } });
          const open = options.all === true ? openOf(detail) : [];
          const items = [...open, ...words.flatMap((word) => wantedOf(word, detail))];
          if (items.length === 0) {
            context.say("no drift is open: nothing to accept");
            return;
          }
          const body = { ...keyOf(ladder), items, reason: options.reason };
          const { resource, added } = await ask(context, "acceptDrift", { body });
          const format = formatOf(context, options);
          if (format === "table" || format === "wide")
            await context.print(
              `Baseline/${resource.name} version ${resource.generation}: ${added} of ${items.length} added\n`,
            );
          else
            await context.print(
              render([resource], { columns: [], name: () => resource.name }, { format, width: context.width }),
            );
        }),
      );
  },
};

function openOf({ drift }: Detail): readonly Wanted[] {
  return drift.filter(({ isAccepted }) => !isAccepted).map(({ kind, item }) => ({ kind, item }));
}

/** "kind:item", or an item that drifted or was seen outside the baseline. Throws a Fault for an item that nobody saw and that names no kind. */
function wantedOf(word: string, detail: Detail): readonly Wanted[] {
  const colon = word.indexOf(":");
  const kind = baselineItemKinds.find((each) => each === word.slice(0, Math.max(0, colon)));
  if (kind !== undefined) return [{ kind, item: word.slice(colon + 1) }];
  const outside = detail.items.filter(({ inBaseline }) => !inBaseline);
  const found = [...openOf(detail), ...outside.map((each) => ({ kind: each.kind, item: each.item }))].filter(
    ({ item }) => item === word,
  );
  const distinct = [...new Map(found.map((each) => [each.kind, each])).values()];
  if (distinct.length > 0) return distinct;
  throw new Fault(`nothing outside the baseline is called ${JSON.stringify(word.slice(0, 200))}`, {
    code: "baseline/no-such-item",
    kind: "not-found",
    hint: `\`garrison baseline show\` lists drift; an item that was not seen needs its kind: ${baselineItemKinds.join(", ")}`,
  });
}

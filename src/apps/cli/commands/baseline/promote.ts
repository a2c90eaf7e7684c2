// garrison baseline promote: a step up the ladder, with what it would mean before it is taken.
import { InvalidArgumentError } from "commander";
import { ask, type Context } from "../../context.ts";
import type { Api } from "../../../server/contract/api.ts";
import type { ResponseOf } from "../../../server/contract/endpoint.ts";
import { harmless } from "../../output/harmless.ts";
import { render } from "../../output/format.ts";
import type { CommandUnit } from "../command.ts";
import { sayWindow } from "../rows.ts";
import { sayWhoTook } from "./taken.ts";
import { findWorkload, formatOf, keyOf, withWorkload, type WorkloadFlags } from "./find-workload.ts";

type Preview = ResponseOf<Api["previewBaseline"]>;

export interface BaselinePromoteFlags extends WorkloadFlags {
  readonly to: "monitoring" | "protecting";
  readonly enforce?: boolean;
  readonly preview?: boolean;
  readonly takeSuspects?: boolean;
}

const itemsShown = 20;

export const baselinePromote: CommandUnit = {
  name: "promote",
  add(group, run) {
    withWorkload(group.command("promote"))
      .summary("freeze what was learnt (monitoring), or end programs outside it (protecting; a dry run first)")
      .requiredOption("--to <step>", "monitoring or protecting", stepOf)
      .option("--enforce", "protecting without a dry run; only after one")
      .option(
        "--take-suspects",
        "learn also what was drift of the baseline before, or came with a critical or high detection (default: left out)",
      )
      .option("--preview", "only tell what it would mean; exit code 3 when recorded rows would be drift")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison baseline promote shop/checkout --to monitoring --preview\n  garrison baseline promote shop/checkout --to protecting\n  garrison baseline promote shop/checkout --to protecting --enforce\n\nA workload that was attacked while it learnt is frozen without what came as drift or with a critical or high\ndetection: the answer names it, with its last time. Take what belongs to the workload with `garrison baseline accept`\nafterwards, or all of it with --take-suspects. --since shortens what is learnt to the time after an attack.",
      )
      .action(
        run<BaselinePromoteFlags>(async (context, { args, options }) => {
          const ladder = await findWorkload(context, args[0] ?? "", options);
          const { to } = options;
          const since = options.since ?? "7d";
          const suspects = options.takeSuspects === true ? "take" : "leave-out";
          const preview = await ask(context, "previewBaseline", { query: { ...keyOf(ladder), to, suspects, since } });
          const format = formatOf(context, options);
          const isTable = format === "table" || format === "wide";
          if (isTable) await context.print(previewText(context, preview, suspects === "take" ? "taken" : "left out"));
          if (options.preview === true) {
            if (!isTable)
              await context.print(render([preview], { columns: [], name: () => to }, { format, width: context.width }));
            const code = sayWindow(context, preview.window);
            return preview.wouldDrift.length > 0 ? 3 : code;
          }
          const generation = ladder.baseline?.generation ?? 0;
          const dryRun = options.enforce !== true;
          const body = { ...keyOf(ladder), to, dryRun, suspects, ifGeneration: generation, since } as const;
          const { resource } = await ask(context, "promoteBaseline", { body });
          if (!isTable)
            await context.print(
              render([resource], { columns: [], name: () => resource.name }, { format, width: context.width }),
            );
          else
            await context.print(
              `Baseline/${resource.name} version ${resource.generation}: ${stepWords(to, options.enforce === true)}\n` +
                `${harmless(await sayWhoTook(context, keyOf(ladder), resource.generation))}\n`,
            );
          return undefined;
        }),
      );
  },
};

function stepOf(value: string): string {
  if (value === "monitoring" || value === "protecting") return value;
  throw new InvalidArgumentError("monitoring or protecting");
}

function stepWords(to: "monitoring" | "protecting", isEnforced: boolean): string {
  if (to === "monitoring") return "monitoring; drift is told from now on";
  return isEnforced
    ? "protecting; programs outside it are ended on nodes that can do it (garrison baseline show says which)"
    : "protecting, dry run; nodes tell what they would end (then: --enforce)";
}

function previewText({ paint }: Context, preview: Preview, suspected: "taken" | "left out"): string {
  const {
    to,
    wouldDrift,
    wouldDriftOmitted,
    wouldKill,
    newInLastDay,
    newInLastDayOmitted,
    confidence,
    cautions,
    items,
  } = preview;
  const size = Object.values(items).reduce((sum, list) => sum + list.length, 0);
  type Row = Preview["wouldDrift"][number] & { readonly note?: string };
  const list = (title: string, rows: readonly Row[], omitted: number): string[] => {
    const hidden = Math.max(0, rows.length - itemsShown) + omitted;
    return rows.length === 0
      ? []
      : [
          title,
          ...rows
            .slice(0, itemsShown)
            .map(({ kind, item, count, note = "" }) =>
              harmless(`  ${kind}: ${item} (${count === 1 ? "once" : `${count} times`}${note})`),
            ),
          ...(hidden === 0 ? [] : [`  and ${hidden} more`]),
        ];
  };
  const suspects = preview.suspects.map((row) => ({ ...row, note: `, last ${row.lastSeen}: ${row.because}` }));
  return [
    `${size} items, confidence ${confidence.level} (${confidence.score} of 100)`,
    ...(wouldDrift.length === 0 ? [paint.good("no recorded row would be drift")] : []),
    ...list(
      paint.bad(
        suspected === "taken" ? "learnt, though it may be an attack's:" : "left out, for it may be an attack's:",
      ),
      suspects,
      preview.suspectsOmitted,
    ),
    ...list("would be drift:", wouldDrift, wouldDriftOmitted),
    ...(to === "protecting" ? list(paint.bad("programs that would be ended:"), wouldKill, 0) : []),
    ...list("new within the last day:", newInLastDay, newInLastDayOmitted),
    ...cautions.map((caution) => paint.odd(`caution: ${caution}`)),
  ]
    .join("\n")
    .concat("\n");
}

// garrison baseline show: one workload: step, confidence with reasons, drift, items in groups.
import { baselineItemKinds } from "../../../../model/baseline.ts";
import { ask, type Context } from "../../context.ts";
import type { Api } from "../../../server/contract/api.ts";
import type { ResponseOf } from "../../../server/contract/endpoint.ts";
import { harmless } from "../../output/harmless.ts";
import { age } from "../../output/units.ts";
import { table } from "../../output/table.ts";
import { render } from "../../output/format.ts";
import type { CommandUnit } from "../command.ts";
import { sayWindow } from "../rows.ts";
import { findWorkload, formatOf, imageText, keyOf, withWorkload, type WorkloadFlags } from "./find-workload.ts";
import { stepText } from "./list.ts";

export type Detail = ResponseOf<Api["getBaseline"]>;
type Item = Detail["items"][number];

export interface BaselineShowFlags extends WorkloadFlags {
  readonly all?: boolean;
}

const itemsShown = 15;

export const baselineShow: CommandUnit = {
  name: "show",
  add(group, run) {
    withWorkload(group.command("show"))
      .summary("one workload: step, confidence and why, drift, and what it does, item by item")
      .option("--all", `every item (default: ${itemsShown} of a kind, new ones first)`)
      .addHelpText(
        "after",
        "\nExamples:\n  garrison baseline show shop/checkout\n  garrison baseline show checkout --all",
      )
      .action(
        run<BaselineShowFlags>(async (context, { args, options }) => {
          const ladder = await findWorkload(context, args[0] ?? "", options);
          const since = options.since ?? "7d";
          const detail = await ask(context, "getBaseline", { query: { ...keyOf(ladder), since } });
          const format = formatOf(context, options);
          if (format !== "table" && format !== "wide")
            await context.print(
              render([detail], { columns: [], name: () => detail.manifest.name }, { format, width: context.width }),
            );
          else await context.print(reportOf(context, detail, options.all === true));
          return sayWindow(context, detail.window);
        }),
      );
  },
};

function reportOf(context: Context, detail: Detail, isAll: boolean): string {
  return [
    ...headOf(context, detail),
    ...driftOf(context, detail),
    ...baselineItemKinds.flatMap((kind) => groupOf(context, detail, { kind, isAll })),
  ]
    .join("\n")
    .concat("\n");
}

function headOf({ paint }: Context, { ladder, nodes, judged }: Detail): string[] {
  const { namespace, workload, kind, cluster, confidence, baseline } = ladder;
  const version = baseline === undefined ? "" : `, ${baseline.name} version ${baseline.generation} (${baseline.scope})`;
  const refused = nodes.filter(({ state }) => state === "refused");
  const said = [
    ...new Set(
      nodes.filter(({ state, because }) => state === "applied" && because !== "").map(({ because }) => because),
    ),
  ];
  return [
    paint.bold(`${namespace}/${workload}`) + harmless(` ${kind} in ${cluster}, image ${imageText(ladder)}`),
    harmless(`step        ${stepText(ladder)}${version}`),
    `confidence  ${confidence.level}, ${confidence.score} of 100`,
    ...confidence.because.map((reason) => harmless(`            ${reason}`)),
    `judged      ${judged.join(", ") || "nothing yet"}`,
    ...(nodes.length === 0 ? [] : [`nodes       ${nodes.length - refused.length} of ${nodes.length} took it`]),
    ...refused.map(({ node, because }) => paint.bad(`            ${node} refused it: ${because}`)),
    ...said.map((because) => harmless(`            ${because}`)),
    ...enforceLines(ladder.step, nodes),
  ];
}

/** What promote --enforce would change, by what the nodes say of themselves. */
function enforceLines(step: string, nodes: Detail["nodes"]): readonly string[] {
  const able = nodes.filter(({ state, because }) => state === "applied" && because.startsWith("dry run:"));
  if (step !== "protecting" || !nodes.some(({ because }) => because.startsWith("dry run:"))) return [];
  return [
    `--enforce   ends programs outside it at their start on ${able.length} of ${nodes.length} nodes (or refuses them, where the kernel can)`,
  ];
}

function driftOf(context: Context, { drift, driftOmitted, ladder }: Detail): string[] {
  if (ladder.step === "learning")
    return ["", context.paint.dim("drift: none can be told while it learns; `garrison baseline promote` freezes it")];
  const open = drift.filter(({ isAccepted }) => !isAccepted);
  if (open.length === 0) return ["", context.paint.good("no drift")];
  const rows = open.map(({ kind, item, count, lastSeen, process, evidence }) => [
    kind,
    item,
    String(count),
    age(Date.parse(lastSeen), context.nowMs()),
    process,
    evidence,
  ]);
  const columns = [
    { title: "drift" },
    { title: "item" },
    { title: "times", align: "right" },
    { title: "seen", align: "right" },
    { title: "process" },
    { title: "evidence" },
  ] as const;
  const more = driftOmitted === 0 ? [] : [`and ${driftOmitted} more`];
  return ["", table(columns, rows, { width: context.width, header: true }).trimEnd(), ...more];
}

function groupOf(
  context: Context,
  { items, cut }: Detail,
  { kind, isAll }: { readonly kind: Item["kind"]; readonly isAll: boolean },
): string[] {
  const own = items.filter((item) => item.kind === kind);
  const because = cut.find((each) => each.kind === kind)?.because;
  const note = because === undefined ? "" : context.paint.odd(` (not complete: ${because})`);
  if (own.length === 0) return because === undefined ? [] : ["", `${kind}${note}`];
  const ordered = own.toSorted((one, other) => weight(other) - weight(one) || (one.item < other.item ? -1 : 1));
  const shown = isAll ? ordered : ordered.slice(0, itemsShown);
  const rows = shown.map((item) => [
    `  ${item.item}`,
    String(item.count),
    item.lastSeen === undefined ? "-" : age(Date.parse(item.lastSeen), context.nowMs()),
    stateText(item),
  ]);
  const columns = [
    { title: `${kind} ${own.length}` },
    { title: "times", align: "right" },
    { title: "seen", align: "right" },
    { title: "" },
  ] as const;
  const left = own.length - shown.length;
  return [
    "",
    `${table(columns, rows, { width: context.width, header: true }).trimEnd()}${note}`,
    ...(left === 0 ? [] : [context.paint.dim(`  and ${left} more (--all)`)]),
  ];
}

function weight({ inBaseline, isNew }: Item): number {
  return (inBaseline ? 0 : 2) + (isNew ? 1 : 0);
}

function stateText({ inBaseline, isNew, accepted, firstSeen }: Item): string {
  if (!inBaseline) return "not in the baseline";
  if (accepted !== undefined) return `accepted: ${accepted}`;
  if (firstSeen === undefined) return "not seen in this window";
  return isNew ? "new" : "";
}

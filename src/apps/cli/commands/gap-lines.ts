// Gaps as lines for people: equal ones are one line, with their rows added up and the names of whom they concern (rules that were kept back, for instance).
import { gapCost } from "../../../model/gap-class.ts";
import { gapNames, gapParts, type GapParts } from "../../../edge/store/queries/gap-parts.ts";
import { queryLimits } from "../../../edge/store/queries/limits.ts";
import type { ResponseOf } from "../../server/contract/endpoint.ts";
import type { Api } from "../../server/contract/api.ts";

type Gap = ResponseOf<Api["listFlows"]>["window"]["gaps"][number];

const namesShown = 5;

/** One line for each table, node, reason and kind of detail, in the order in which they come: "gap:" for what is missing, "less exact:" for what is not lost. */
export function gapLines(gaps: readonly Gap[]): readonly string[] {
  const groups = Map.groupBy(
    gaps.map((gap) => ({ ...gap, ...gapParts(gap.detail) })),
    ({ table, node, reason, what }) => JSON.stringify([table, node, reason, what]),
  );
  const lines = [...groups.values()].map((same) => {
    const [first] = same;
    if (first === undefined) throw new Error("a group has a gap");
    const rows = same.reduce((sum, gap) => sum + gap.rows, 0);
    const names = namesLine(same);
    const whole = names === "" ? first.what : `${first.what}: ${names}`;
    const { class: which, unit, cost } = gapCost(first);
    if (which === "less-exact") {
      const amount = rows === 0 ? `some ${unit[1]}` : `${rows} ${rows === 1 ? unit[0] : unit[1]}`;
      return `less exact: ${amount} on ${first.node}: ${cost}${names === "" ? "" : `: ${names}`}`;
    }
    const how = same.length === 1 ? `, ${first.detail}` : ` in ${same.length} gaps${whole === "" ? "" : `: ${whole}`}`;
    return `gap: ${first.table} on ${first.node}: ${first.reason}, ${rows} ${rows === 1 ? unit[0] : unit[1]}${how}`;
  });
  const isCut = gaps.length >= queryLimits.gapsMax;
  return isCut
    ? [...lines, `gap: only the newest ${queryLimits.gapsMax} kinds of gaps of this time are counted here`]
    : lines;
}

function namesLine(same: readonly GapParts[]): string {
  const sorted = gapNames(same);
  const more = sorted.length - namesShown;
  const shown = sorted.slice(0, namesShown).map(([name, count]) => `${name} ${count}`);
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}

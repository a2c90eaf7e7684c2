// Gaps as lines for people: equal ones are one line, with their rows added up and the names of whom they concern (rules that were kept back, for instance).
import { queryLimits } from "../../../edge/store/queries/limits.ts";
import type { ResponseOf } from "../../server/contract/endpoint.ts";
import type { Api } from "../../server/contract/api.ts";

type Gap = ResponseOf<Api["listFlows"]>["window"]["gaps"][number];

const namesShown = 5;

/** One line for each table, node, reason and kind of detail, in the order in which they come. */
export function gapLines(gaps: readonly Gap[]): readonly string[] {
  const groups = Map.groupBy(
    gaps.map((gap) => ({ ...gap, ...partsOf(gap.detail) })),
    ({ table, node, reason, what }) => JSON.stringify([table, node, reason, what]),
  );
  const lines = [...groups.values()].map((same) => {
    const [first] = same;
    if (first === undefined) throw new Error("a group has a gap");
    const rows = same.reduce((sum, gap) => sum + gap.rows, 0);
    const names = namesLine(same);
    const whole = names === "" ? first.what : `${first.what}: ${names}`;
    const how = same.length === 1 ? `, ${first.detail}` : ` in ${same.length} gaps${whole === "" ? "" : `: ${whole}`}`;
    return `gap: ${first.table} on ${first.node}: ${first.reason}, ${rows} ${rows === 1 ? "row" : "rows"}${how}`;
  });
  const isCut = gaps.length >= queryLimits.gapsMax;
  return isCut ? [...lines, `gap: only the newest ${queryLimits.gapsMax} gaps of this time are counted here`] : lines;
}

interface Parts {
  /** What was lost, without a number before it and without the names behind it. */
  readonly what: string;
  readonly counts: readonly (readonly [name: string, count: number])[];
}

/** "12 events of type udp" -> "events of type udp"; "detections ...: Miner 3, Shell, local 2" -> with two names. */
function partsOf(detail: string): Parts {
  const text = detail.replace(/^\d+ /, "");
  const colon = text.lastIndexOf(": ");
  const counts = colon < 0 ? undefined : countsOf(text.slice(colon + 2).replace(/, and \d+ rules more$/, ""));
  return counts === undefined ? { what: text, counts: [] } : { what: text.slice(0, colon), counts };
}

/** Undefined where it is no list of names with numbers; a name may have a comma in it. */
function countsOf(list: string): Parts["counts"] | undefined {
  const counts: (readonly [string, number])[] = [];
  let begun = "";
  for (const piece of list.split(", ")) {
    begun = begun === "" ? piece : `${begun}, ${piece}`;
    const found = /^(.+) (\d+)$/.exec(begun);
    if (found === null) continue;
    counts.push([found[1] ?? "", Number(found[2])]);
    begun = "";
  }
  return begun === "" ? counts : undefined;
}

function namesLine(same: readonly Parts[]): string {
  const sums = new Map<string, number>();
  for (const { counts } of same) for (const [name, count] of counts) sums.set(name, (sums.get(name) ?? 0) + count);
  const sorted = [...sums].toSorted((one, other) => other[1] - one[1]);
  const more = sorted.length - namesShown;
  const shown = sorted.slice(0, namesShown).map(([name, count]) => `${name} ${count}`);
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}

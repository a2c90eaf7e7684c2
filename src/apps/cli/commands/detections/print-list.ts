// garrison detections: the list, newest first.
import { Fault } from "../../../../base/fault.ts";
import { editDistance, nearest } from "../../../../base/nearest.ts";
import type { DetectionCard } from "../../../server/contract/runtime.ts";
import { ask, type Context } from "../../context.ts";
import { render, type Sheet } from "../../output/format.ts";
import { age } from "../../output/units.ts";
import { sayWindow } from "../rows.ts";
import { sayUnseenWorkloads } from "../unseen-workload.ts";
import { coverLine } from "./words.ts";

export interface ListFlags {
  readonly since: string;
  readonly until?: string;
  readonly last: string;
}

const pageMax = 500;
const lastMax = 10_000;

export async function printDetections(
  context: Context,
  args: readonly string[],
  { since, until, last }: ListFlags,
): Promise<number> {
  const wanted = Number(last);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > lastMax)
    throw new Fault(`--last ${last}: expected a whole number from 1 to ${lastMax}`, {
      code: "cli/usage",
      kind: "usage",
      hint: "for example --last 100",
    });
  refuseMistyped(args);
  const query = { q: args.join(" "), since, ...(until === undefined ? {} : { until }) };
  const rows: DetectionCard[] = [];
  let cursor: string | undefined;
  for (;;) {
    const limit = Math.min(pageMax, wanted - rows.length);
    const page = await ask(context, "listDetections", {
      query: { ...query, limit, ...(cursor === undefined ? {} : { cursor }) },
    });
    rows.push(...page.rows);
    cursor = page.next;
    if (cursor !== undefined && rows.length < wanted) continue;
    const format = context.flags.output ?? "table";
    await context.print(render(rows, sheet(context.nowMs()), { format, width: context.width }));
    if (format === "table" || format === "wide") {
      const more = cursor === undefined ? "" : " (there are more: --last or --since)";
      context.say(`${rows.length} ${rows.length === 1 ? "detection" : "detections"}${more}`);
      context.say(coverLine(page.cover));
      if (rows.length === 0 && until === undefined && page.cover.nodesDetecting > 0)
        context.say("what happened within the last half minute may still be on its way: ask again");
    }
    if (rows.length === 0) await sayUnseenWorkloads(context, query);
    return sayWindow(context, page.window, cursor === undefined);
  }
}

const subcommands = ["show", "rules", "noise", "suggest", "mark"];
const slipMax = 2;

/** A word that is nearly a sub-command's is no text that a detection holds. */
function refuseMistyped([first = "", ...rest]: readonly string[]): void {
  if (!/^[a-z]{3,}$/.test(first) || rest.length > 2) return;
  const meant = nearest(first, subcommands);
  if (meant === undefined || editDistance(first, meant) > slipMax) return;
  throw new Fault(`unknown command '${first}' (did you mean ${meant}?)`, {
    code: "cli/usage",
    kind: "usage",
    hint: `garrison detections ${meant} --help; text to look for is quoted: garrison detections '"${first}"'`,
  });
}

/** "-" where nobody told whose process it was; `show` says why. */
function whose({ namespace, workload }: DetectionCard): string {
  return namespace === "" && workload === "" ? "-" : `${namespace}/${workload}`;
}

export function sheet(nowMs: number): Sheet<DetectionCard> {
  return {
    name: ({ id }) => id,
    columns: [
      { title: "id", value: ({ id }) => id, squeeze: "never" },
      { title: "last", value: ({ lastAt }) => age(Date.parse(lastAt), nowMs), align: "right" },
      { title: "severity", value: ({ severity }) => severity },
      { title: "action", value: ({ action }) => action },
      { title: "count", value: ({ count }) => String(count), align: "right", squeeze: "first" },
      { title: "workload", value: whose, wraps: true },
      { title: "process", value: ({ process }) => process || "-", squeeze: "first" },
      { title: "mark", value: ({ mark }) => mark?.verdict ?? "-", squeeze: "first" },
      { title: "source", value: ({ source }) => source, isWide: true },
      { title: "techniques", value: ({ techniques }) => techniques.join(",") || "-", isWide: true },
      { title: "node", value: ({ node }) => node, isWide: true },
      { title: "rule", value: ({ rule }) => rule, wraps: true },
    ],
  };
}

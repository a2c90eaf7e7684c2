// garrison detections noise and suggest.
import { stringify } from "../../output/yaml.ts";
import { Fault } from "../../../../base/fault.ts";
import type { Api } from "../../../server/contract/api.ts";
import type { ResponseOf } from "../../../server/contract/endpoint.ts";
import type { NoiseRow } from "../../../server/contract/runtime.ts";
import { ask, type Context } from "../../context.ts";
import { harmlessJson, harmlessLines } from "../../output/harmless.ts";
import { render, type Sheet } from "../../output/format.ts";
import { sayWindow } from "../rows.ts";
import { coverLine } from "./words.ts";

type Board = ResponseOf<Api["noiseBoard"]>;

export interface NoiseFlags {
  readonly days: string;
}

export interface SuggestFlags {
  readonly rule: string;
  readonly workload: string;
  readonly cluster: string;
  readonly days: string;
}

export async function printNoise(context: Context, args: readonly string[], { days }: NoiseFlags): Promise<number> {
  const board = await ask(context, "noiseBoard", { query: { q: args.join(" "), days } });
  const format = context.flags.output ?? "table";
  await context.print(render(board.rows, sheet, { format, width: context.width }));
  for (const cluster of board.clusters) context.say(budgetLine(cluster));
  if (board.clusters.length === 0 && board.cover.nodesDetecting === 0) context.say(coverLine(board.cover));
  if (board.rowsOmitted > 0) context.say(`and ${board.rowsOmitted} more pairs of rule and workload`);
  return sayWindow(context, board.window, false);
}

/** A low figure where nobody looks is not said to be in order. */
export function budgetLine({ cluster, last24h, budget, pods, cover }: Board["clusters"][number]): string {
  const of = pods === undefined ? "pods not known" : `${pods} pods`;
  const notes = [last24h > budget ? "over budget" : "", cover.nodesDetecting < cover.nodes ? coverLine(cover) : ""];
  if (cover.nodes === 0) notes.push("no agent of it detects");
  const said = notes.filter((note) => note !== "").join("; ");
  return `${cluster}: ${last24h} in 24 h, budget ${budget} (${of})${said === "" ? "" : `: ${said}`}`;
}

const sheet: Sheet<NoiseRow> = {
  name: ({ namespace, workload, rule }) => `${namespace}/${workload} ${rule}`,
  columns: [
    { title: "24h", value: ({ last24h }) => String(last24h), align: "right" },
    { title: "window", value: ({ count }) => String(count), align: "right" },
    { title: "trend", value: ({ trend }) => trend },
    { title: "share", value: ({ share }) => `${Math.round(share * 100)}%`, align: "right" },
    { title: "severity", value: ({ severity }) => severity },
    { title: "cluster", value: ({ cluster }) => cluster, isWide: true },
    { title: "per day", value: ({ perDay }) => perDay.join(" "), isWide: true },
    { title: "workload", value: ({ namespace, workload }) => `${namespace}/${workload || "-"}` },
    { title: "rule", value: ({ rule }) => rule },
  ],
};

/** The manifest on standard output, impact on standard error. Exit code 5 when there is nothing to suggest. */
export async function printSuggestion(
  context: Context,
  { rule, workload: place, cluster, days }: SuggestFlags,
): Promise<number> {
  const cut = place.indexOf("/");
  if (cut < 0)
    throw new Fault(`--workload ${place}: expected namespace/name`, {
      code: "cli/usage",
      kind: "usage",
      hint: "as `garrison detections noise` prints it: shop/web",
    });
  const [namespace, workload] = [place.slice(0, cut), place.slice(cut + 1)];
  const found = await ask(context, "noiseSuggest", { query: { cluster, namespace, workload, rule, days } });
  for (const { count, because } of found.kept) context.say(`${count} stay: ${because}`);
  if (found.notHere !== "") context.say(`it cannot be applied here: ${found.notHere}`);
  if (found.text === "")
    throw new Fault(`no exception is suggested: ${found.because || found.notHere}`, {
      code: "runtime/no-suggestion",
      kind: "not-found",
      hint: "look at them with `garrison detections`, or write an exception by hand",
    });
  for (const { fields, covers, of, silences, ruleTotal, others } of found.suggestions) {
    context.say(fields.map(({ field, comparison, value }) => `${field} ${comparison} ${value}`).join(" and "));
    context.say(
      `  ends ${covers} of ${of}; of all ${ruleTotal} detections of the rule it would have silenced ${silences}`,
    );
    for (const other of others) context.say(`  also on ${other.namespace}/${other.workload}: ${other.count}`);
  }
  const manifest = {
    apiVersion: "garrison/v1",
    kind: "DetectionRules",
    scope: found.resource.scope,
    name: found.resource.name,
    spec: { format: "falco", text: found.text },
  };
  const isJson = context.flags.output === "json" || context.flags.output === "jsonl";
  await context.print(isJson ? `${harmlessJson(JSON.stringify(manifest))}\n` : harmlessLines(stringify(manifest)));
  return sayWindow(context, found.window, false);
}

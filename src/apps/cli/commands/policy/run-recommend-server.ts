// `garrison policy recommend --since` without files: the server has both the flows and the world, and answers with manifests.
import type { ResponseOf } from "../../../server/contract/endpoint.ts";
import type { Api } from "../../../server/contract/api.ts";
import { ask, type Context } from "../../context.ts";
import { harmless, harmlessLines } from "../../output/harmless.ts";
import { table } from "../../output/table.ts";
import { age } from "../../output/units.ts";
import { sayWindow } from "../rows.ts";
import { usage } from "./ask-flow.ts";
import { refuseUnknown } from "./refuse-unknown.ts";
import type { RecommendFlags } from "./recommend.ts";
import { counted, formatOf, printDocument } from "./words.ts";

type Answer = ResponseOf<Api["policyRecommend"]>;
type Evidence = NonNullable<Answer["policies"][number]["rules"][number]["evidence"]>;

/** One namespace at a time, as the server answers. What only files can be asked is refused. */
export async function recommendByServer(context: Context, options: RecommendFlags, since: string): Promise<number> {
  const [namespace, ...more] = options.namespace ?? [];
  const [workload = "", ...others] = options.workload ?? [];
  if (namespace === undefined || more.length > 0 || others.length > 0)
    throw usage(
      "the server is asked for one namespace and at most one workload",
      "--namespace shop, or give the world as files",
    );
  const onlyFiles = [
    options.filter === undefined ? "" : "--filter",
    options.days === "2" ? "" : "--days",
    options.publicAfter === "0" ? "" : "--public-after",
  ].filter((flag) => flag !== "");
  if (onlyFiles.length > 0)
    throw usage(`${onlyFiles.join(" and ")}: only with the world as files`, "name files with pods and namespaces");
  const { cluster, dialect, per, approve = [], until } = options;
  const body = { cluster, namespace, workload, dialect, per, approve: [...approve], since, until };
  const answer = await ask(context, "policyRecommend", { body });
  refuseUnknown(answer);
  const format = formatOf(context);
  if (format === "json") await printDocument(context, format, { ...answer });
  else if (format === "yaml")
    await context.print(
      harmlessLines(answer.policies.map(({ manifest }) => manifest.replace(/\n*$/, "\n")).join("---\n")),
    );
  else await context.print(answerText(context, answer));
  for (const { because, keys, connections } of answer.leftOut)
    context.say(`left out: ${counted(keys, "flow")}, ${counted(connections, "connection")}: ${because}`);
  for (const note of answer.notes) context.say(note);
  const omitted = answer.policiesOmitted + answer.heldOmitted + answer.flows.omitted;
  if (omitted > 0)
    context.say(
      `not shown: ${answer.policiesOmitted} policies, ${answer.heldOmitted} held edges, ${answer.flows.omitted} flow keys`,
    );
  return Math.max(sayWindow(context, answer.window), omitted > 0 ? 7 : 0);
}

function answerText(context: Context, { policies, held }: Answer): string {
  const { paint } = context;
  const width = Math.max(40, context.width - 2);
  const columns = [{ title: "" }, { title: "rule" }, { title: "sure", align: "right" as const }, { title: "evidence" }];
  const parts = policies.map(({ workloads, rules, notes }) => {
    const rows = rules.map(({ direction, words, from, confidence, evidence }) => [
      direction,
      words,
      confidence.toFixed(2),
      paint.dim([from === "shown" ? "" : from, seenWords(context, evidence)].filter((word) => word !== "").join("; ")),
    ]);
    const said = notes.map((note) => `  ${paint.odd("note:")} ${harmless(note)}\n`).join("");
    return `${paint.bold(harmless(workloads.join(", ")))}\n${indent(table(columns, rows, { width, header: false }))}${said}\n`;
  });
  if (held.length === 0) return parts.join("");
  const rows = held.map(({ key, because, evidence }) => [key, because, seenWords(context, evidence)]);
  const heldColumns = [{ title: "held back (--approve KEY)" }, { title: "because" }, { title: "seen" }];
  return `${parts.join("")}${indent(table(heldColumns, rows, { width, header: true }))}`;
}

function seenWords(context: Context, evidence: Evidence | undefined): string {
  if (evidence === undefined) return "";
  const { connections, days, lastAt } = evidence;
  const last = age(Date.parse(lastAt), context.nowMs());
  return `${counted(connections, "connection")} on ${counted(days, "day")}, last ${last} ago`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}

// What `garrison policy recommend` prints: rules with their evidence, what is held, or manifests.
import { stringify } from "../../output/yaml.ts";
import { recommend } from "../../../../core/policy/recommend/recommend.ts";
import type { Evidence, Recommendation, RecommendedRule } from "../../../../core/policy/recommend/recommendation.ts";
import type { PeerDraft, WriteDialect } from "../../../../core/policy/write/draft.ts";
import { writeDraft } from "../../../../core/policy/write/write-draft.ts";
import { harmless, harmlessLines } from "../../output/harmless.ts";
import { table } from "../../output/table.ts";
import { age } from "../../output/units.ts";
import type { Context } from "../../context.ts";
import { usage } from "./ask-flow.ts";
import { recordedFlows } from "./flow-source.ts";
import { recommendByServer } from "./run-recommend-server.ts";
import { readWorld } from "./input.ts";
import { counted, formatOf, portText, printDocument } from "./words.ts";
import { refuseUnknown } from "./refuse-unknown.ts";
import type { RecommendFlags } from "./recommend.ts";
import { needFiles } from "./flags.ts";

/** What is printed: the recommendation with manifests in the asked dialect. */
interface Written {
  readonly manifests: readonly object[];
  readonly notes: readonly string[];
}

export async function runRecommend(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: RecommendFlags },
): Promise<number | void> {
  const { since } = options;
  if (since !== undefined && options.flows === undefined && args.length === 0 && options.world === undefined)
    return recommendByServer(context, options, since);
  const { world, code: worldCode } = await readWorld(
    context,
    needFiles([...args, ...(options.world ?? [])]),
    options.ranges ?? [],
  );
  const { flows, code } = await recordedFlows(context, options, world);
  const found = recommend(flows, world, {
    per: options.per,
    ...(options.namespace === undefined ? {} : { namespaces: options.namespace }),
    ...(options.workload === undefined ? {} : { workloads: options.workload }),
    names: options.dialect !== "kubernetes",
    daysMin: countOf(options.days),
    approve: options.approve ?? [],
    publicSourcesMin: countOf(options.publicAfter),
    dns: dnsOf(options.dns),
  });
  refuseUnknown(found);
  await print(context, found, options.dialect);
  return Math.max(worldCode, code);
}

/** "kube-system/k8s-app=kube-dns", with more labels behind commas. */
export function dnsOf(text: string): { readonly namespace: string; readonly labels: Readonly<Record<string, string>> } {
  const [, namespace, list] = /^([a-z0-9-]{1,63})\/(.+)$/.exec(text) ?? [];
  const labels = (list ?? "").split(",").map((pair) => pair.split("="));
  if (namespace === undefined || labels.some((pair) => pair.length !== 2 || pair.includes("")))
    throw usage(`--dns ${text}: expected namespace/key=value`, "for example kube-system/k8s-app=kube-dns");
  return { namespace, labels: Object.fromEntries(labels) as Readonly<Record<string, string>> };
}

function countOf(text: string): number {
  return Math.max(0, Math.trunc(Number(text)) || 0);
}

async function print(context: Context, found: Recommendation, dialect: WriteDialect): Promise<void> {
  const written = found.policies.map(({ draft }) => writeDraft(draft, dialect));
  const notes = [...new Set([...found.notes, ...written.flatMap((one) => one.notes)])];
  const format = formatOf(context);
  if (format === "json") {
    const policies = found.policies.map((policy, index) => ({ ...policy, manifests: written[index]?.manifests ?? [] }));
    return printDocument(context, format, { policies, held: found.held, leftOut: found.leftOut, notes });
  }
  if (format === "yaml") await context.print(manifestsText(written));
  else await context.print(recommendationText(context, found, written));
  for (const { because, flows, connections } of found.leftOut)
    context.say(`left out: ${counted(flows, "flow")}, ${counted(connections, "connection")}: ${because}`);
  for (const note of notes) context.say(note);
}

function manifestsText(written: readonly Written[]): string {
  const documents = written.flatMap(({ manifests }) =>
    manifests.map((manifest) => stringify(manifest, { aliasDuplicateObjects: false, lineWidth: 0 })),
  );
  return harmlessLines(documents.join("---\n"));
}

function recommendationText(context: Context, found: Recommendation, written: readonly Written[]): string {
  const { paint, width } = context;
  const columns = [
    { title: "" },
    { title: "peer" },
    { title: "port" },
    { title: "sure", align: "right" as const },
    { title: "evidence" },
  ];
  const parts = found.policies.map(({ draft, workloads, rules, notes }, index) => {
    const labels = Object.entries(draft.labels).map(([key, value]) => `${key}=${value}`);
    const what = labels.length === 0 ? "every pod" : labels.join(",");
    const head = `${paint.bold(harmless(`${draft.namespace}/${draft.name}`))}  ${harmless(what)}  ${paint.dim(harmless(workloads.join(", ")))}\n`;
    const rows = rules.map((rule) => ruleRow(context, rule));
    const more = [
      ...notes,
      ...(written[index]?.manifests.length === 0 ? ["nothing of it can be written in this dialect"] : []),
    ];
    return `${head}${indent(table(columns, rows, { width: Math.max(40, width - 2), header: false }))}${more.map((note) => `  ${paint.odd("note:")} ${harmless(note)}\n`).join("")}\n`;
  });
  return `${parts.join("")}${heldText(context, found)}`;
}

function ruleRow(context: Context, { rule, evidence, confidence, from }: RecommendedRule): readonly string[] {
  const { paint } = context;
  const sure =
    confidence >= 0.66
      ? paint.good(confidence.toFixed(2))
      : confidence >= 0.33
        ? confidence.toFixed(2)
        : paint.odd(confidence.toFixed(2));
  const seen = evidence === undefined ? "" : evidenceWords(evidence, context);
  const told = from === "dns" ? "always" : "";
  const last = [told, seen].filter((word) => word !== "").join("; ");
  const arrow = rule.direction === "ingress" ? "from" : "to";
  return [
    arrow,
    from === "public" ? "any public address" : peerWords(rule.peer),
    rule.ports.map(portText).join(", ") || "every port",
    sure,
    paint.dim(harmless(last)),
  ];
}

function evidenceWords({ connections, days, lastMs }: Evidence, context: Context): string {
  return `${counted(connections, "connection")} on ${counted(days, "day")}, last ${age(lastMs, context.nowMs())} ago`;
}

/** At most so many addresses of a rule are shown in a row. */
const netsShownMax = 3;

export function peerWords(peer: PeerDraft): string {
  switch (peer.kind) {
    case "pods": {
      const labels = Object.entries(peer.labels).map(([key, value]) => `${key}=${value}`);
      return `${peer.namespace}/${labels.length === 0 ? "*" : labels.join(",")}`;
    }
    case "nets":
      return some(peer.nets);
    case "domains":
      return some(peer.names);
    case "any":
      return "anybody";
  }
}

function some(list: readonly string[]): string {
  const shown = list.slice(0, netsShownMax).join(", ");
  return list.length > netsShownMax ? `${shown} and ${list.length - netsShownMax} more` : shown;
}

function heldText(context: Context, { held }: Recommendation): string {
  if (held.length === 0) return "";
  const { paint, width } = context;
  const rows = held.map(({ key, because, evidence }) => [
    key,
    because,
    `${counted(evidence.connections, "connection")} on ${counted(evidence.days, "day")}`,
  ]);
  const columns = [{ title: "held back (--approve KEY)" }, { title: "because" }, { title: "seen" }];
  return `${paint.bold("Held back")}: seen, but in no policy until seen on more days, or approved\n${indent(table(columns, rows, { width: Math.max(40, width - 2), header: true }))}`;
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? line : `  ${line}`))
    .join("\n");
}

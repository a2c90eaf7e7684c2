// How policy commands say flows, ends, rules and times; and how they print whole answers.
import { stringify } from "../../output/yaml.ts";
import type { RuleRef } from "../../../../model/policy-verdict.ts";
import type { FlowEnd, PolicyFlow } from "../../../../core/policy/world.ts";
import { protocolName } from "../../../../core/policy/protocols.ts";
import type { Context } from "../../context.ts";
import { harmlessJson, harmlessLines } from "../../output/harmless.ts";
import type { policyFormats } from "./flags.ts";

export type PolicyFormat = (typeof policyFormats)[number];

/** "tcp"; "protocol 47" of one without a name. */
function protocolWord(protocol: number): string {
  const name = protocolName(protocol);
  return name === String(protocol) ? `protocol ${name}` : name;
}

export function formatOf(context: Context): PolicyFormat {
  const { output = "table" } = context.flags;
  return output === "json" || output === "yaml" ? output : "table";
}

/** "shop/web-1" for a pod, else the id, else the address. */
export function endWords({ endpoint, address }: FlowEnd): string {
  return endpoint === "" ? address : endpoint.replace(/^pod\//, "");
}

export function portWords({
  protocol,
  destinationPort,
  icmp,
}: Pick<PolicyFlow, "protocol" | "destinationPort" | "icmp">): string {
  const name = protocolWord(protocol);
  if (icmp !== undefined) return `${name} type ${icmp.type}`;
  return [6, 17, 132, 136].includes(protocol) ? `${destinationPort}/${name}` : name;
}

/** "5432/tcp", "8000-8100/tcp", "icmp". */
export function portText({
  protocol,
  from,
  to,
}: {
  readonly protocol: number;
  readonly from: number;
  readonly to: number;
}): string {
  const name = protocolWord(protocol);
  if (![6, 17, 132, 136].includes(protocol) || (from === 0 && to === 65_535)) return name;
  return from === to ? `${from}/${name}` : `${from}-${to}/${name}`;
}

export function flowWords(flow: PolicyFlow): string {
  const names = flow.domains === undefined || flow.domains.length === 0 ? "" : ` (${flow.domains.join(", ")})`;
  return `${endWords(flow.source)} -> ${endWords(flow.destination)}${names} ${portWords(flow)}`;
}

/** "kubernetes/NetworkPolicy/shop/db" as "shop/db"; without a namespace the name alone. */
export function policyWords(id: string): string {
  const [, , namespace = "", ...name] = id.split("/");
  return namespace === "-" || namespace === "" ? name.join("/") : `${namespace}/${name.join("/")}`;
}

/** "ingress[0]", "end of tier", "profile", "failsafe". */
export function ruleWords({ direction, rule, ruleName }: RuleRef): string {
  if (rule === -1) return "end of tier";
  if (rule === -2) return "profile";
  if (rule === -3) return "failsafe";
  return `${direction}[${rule}]${ruleName === "" ? "" : ` ${ruleName}`}`;
}

/** "shop/db ingress[0]", "end of tier default"; "-" when nothing applied. */
export function decidedWords(at: RuleRef | undefined): string {
  if (at === undefined) return "-";
  if (at.rule === -1) return `end of tier ${at.tier}`;
  if (at.rule < -1) return ruleWords(at);
  return at.policy === "" ? ruleWords(at) : `${policyWords(at.policy)} ${ruleWords(at)}`;
}

/** One document with `apiVersion`, as every other command prints. */
export async function printDocument(context: Context, format: "json" | "yaml", value: object): Promise<void> {
  const whole = { apiVersion: "garrison/v1", ...value };
  const text =
    format === "json" ? `${harmlessJson(JSON.stringify(whole, undefined, 2))}\n` : harmlessLines(stringify(whole));
  await context.print(text);
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

// A ruleset as text that `nft -f` loads: for people, golden files, and where no netlink is to be had. Sorted, so that equal rulesets print alike.
import { unreachable } from "../../../../base/assert.ts";
import { compareAddresses, parseAddress } from "../../../../base/ip.ts";
import type {
  Field,
  KeyPart,
  KeyType,
  NftChain,
  NftElement,
  NftExpression,
  NftRule,
  NftRuleset,
  NftSet,
  NftVerdict,
} from "./ruleset.ts";

/** One transaction: the table is made anew, or stays as it was when anything is refused. Elements of dynamic sets are lost. */
export function printRuleset(ruleset: NftRuleset): string {
  const { family, name } = ruleset.table;
  const head = `table ${family} ${name}`;
  const blocks = [...byName(ruleset.sets).map(printSet), ...byName(ruleset.chains).map(printChain)];
  const comment = `\tcomment "${ruleset.digest}"\n`;
  return `${head}\ndelete ${head}\n${head} {\n${[comment, ...blocks].join("\n")}}\n`;
}

function byName<Item extends { readonly name: string }>(list: readonly Item[]): readonly Item[] {
  return [...list].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function printSet(set: NftSet): string {
  const flags = [...(set.interval ? ["interval"] : []), ...(set.timeout ? ["timeout"] : [])];
  const key = set.key.join(" . ");
  const lines = [
    `\t${set.isMap ? "map" : "set"} ${set.name} {`,
    `\t\ttype ${key}${set.isMap ? " : verdict" : ""}`,
    ...(flags.length > 0 ? [`\t\tflags ${flags.join(",")}`] : []),
    ...printElements(set),
    "\t}",
  ];
  return `${lines.join("\n")}\n`;
}

function printElements({ key, elements, isDynamic }: NftSet): readonly string[] {
  if (elements.length === 0 || isDynamic === true) return [];
  const list = [...elements].sort(compareElements).map((element) => printElement(key, element));
  if (list.length === 1) return [`\t\telements = { ${list[0] ?? ""} }`];
  return ["\t\telements = {", list.map((text) => `\t\t\t${text}`).join(",\n"), "\t\t}"];
}

function printElement(types: readonly KeyType[], { key, data, timeoutMs }: NftElement): string {
  const parts = key.map((part, index) => printPart(part, types[index]));
  const timeout = timeoutMs === undefined ? "" : ` timeout ${String(timeoutMs)}ms`;
  return `${parts.join(" . ")}${timeout}${data === undefined ? "" : ` : ${printVerdict(data)}`}`;
}

function printPart(part: KeyPart, type: KeyType | undefined): string {
  if (typeof part === "object") return `${printPart(part.low, type)}-${printPart(part.high, type)}`;
  if (type === "mark") return `0x${Number(part).toString(16)}`;
  return type === "ifname" ? JSON.stringify(part) : String(part);
}

function compareElements(a: NftElement, b: NftElement): number {
  for (const [index, part] of a.key.entries()) {
    const difference = compareValues(lowOf(part), lowOf(b.key[index] ?? ""));
    if (difference !== 0) return difference;
  }
  return 0;
}

function lowOf(part: KeyPart): string | number {
  return typeof part === "object" ? part.low : part;
}

function compareValues(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const left = parseAddress(String(a));
  const right = parseAddress(String(b));
  if (left !== undefined && right !== undefined) return compareAddresses(left, right);
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

function printChain(chain: NftChain): string {
  const { base } = chain;
  const lines = [
    `\tchain ${chain.name} {`,
    ...(base === undefined
      ? []
      : [`\t\ttype ${base.type} hook ${base.hook} priority ${String(base.priority)}; policy ${base.policy};`]),
    ...chain.rules.map((rule) => `\t\t${printRule(rule)}`),
    "\t}",
  ];
  return `${lines.join("\n")}\n`;
}

export function printRule(rule: NftRule): string {
  const comment = rule.ruleId === undefined ? "" : ` comment "rule ${rule.ruleId.toString(16).padStart(8, "0")}"`;
  return `${rule.expressions.map(printExpression).join(" ")}${comment}`;
}

const families: Readonly<Record<number, string>> = { 2: "ipv4", 10: "ipv6" };
const statuses: Readonly<Record<number, string>> = {
  1: "expected",
  2: "seen-reply",
  4: "assured",
  8: "confirmed",
  16: "snat",
  32: "dnat",
};
const addressTypes: Readonly<Record<number, string>> = { 1: "unicast", 2: "local", 3: "broadcast", 5: "multicast" };

function printExpression(expression: NftExpression): string {
  switch (expression.do) {
    case "compare":
      return printCompare(expression);
    case "range":
      return `${expression.field} ${not(expression.operator)}${String(expression.low)}-${String(expression.high)}`;
    case "ct-state":
      return expression.operator === "eq"
        ? `ct state ${expression.states.join(",")}`
        : `ct state & (${expression.states.join("|")}) == 0`;
    case "lookup":
      return `${expression.fields.join(" . ")} ${not(expression.operator)}@${expression.set}`;
    case "vmap":
      return `${expression.fields.join(" . ")} vmap @${expression.map}`;
    case "set-mark": {
      const mark = `${expression.which} mark`;
      return `${mark} set ${mark} & ${hex(~expression.mask)} | ${hex(expression.value)}`;
    }
    case "counter":
      return "counter";
    case "log":
      return `log prefix ${JSON.stringify(expression.prefix)} group ${String(expression.group)} snaplen ${String(expression.snapLength)} queue-threshold ${String(expression.queueThreshold)}`;
    case "limit":
      return `limit rate ${String(expression.perSecond)}/second burst ${String(expression.burst)} packets`;
    case "notrack":
      return "notrack";
    case "redirect":
      return printRedirect(expression);
    case "to-port":
      return `dnat to :${String(expression.port)}`;
    case "reject":
      return expression.with === "tcp-reset" ? "reject with tcp reset" : "reject with icmpx admin-prohibited";
    case "verdict":
      return printVerdict(expression);
    default:
      return unreachable(expression);
  }
}

function printCompare({ field, operator, value, mask }: Extract<NftExpression, { do: "compare" }>): string {
  if (field === "ct status" && typeof value === "number" && mask !== undefined)
    return `ct status & ${statuses[mask] ?? String(mask)} ${operator === "eq" ? "==" : "!="} ${value === 0 ? "0" : (statuses[value] ?? String(value))}`;
  const masked = mask === undefined ? "" : ` & ${hex(mask)} ${operator === "eq" ? "==" : "!="}`;
  if (mask !== undefined) return `${field}${masked} ${hex(Number(value))}`;
  return `${field} ${not(operator)}${printValue(field, value)}`;
}

function printValue(field: Field, value: string | number): string {
  if (typeof value === "string")
    return field === "meta iifname" || field === "meta oifname" ? JSON.stringify(value) : value;
  switch (field) {
    case "meta nfproto":
      return families[value] ?? String(value);
    case "fib daddr type":
      return addressTypes[value] ?? String(value);
    case "meta mark":
    case "ct mark":
      return hex(value);
    default:
      return String(value);
  }
}

function not(operator: "eq" | "ne"): string {
  return operator === "ne" ? "!= " : "";
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, "0")}`;
}

export function printVerdict(verdict: NftVerdict): string {
  return "chain" in verdict ? `${verdict.verdict} ${verdict.chain}` : verdict.verdict;
}

function printRedirect({ address, port }: Extract<NftExpression, { do: "redirect" }>): string {
  if (address === undefined) return `redirect to :${String(port)}`;
  return address.includes(":") ? `dnat ip6 to [${address}]:${String(port)}` : `dnat ip to ${address}:${String(port)}`;
}

// Ports, ICMP and what Cilium says about layer 7, as groups of ports by protocol. Undefined: not representable, reported.
import type { HttpPath, PortMatch, Rule } from "../../model.ts";
import { fields, integer, items, notA, type At, type Fields } from "../reader.ts";
import type { PortGroup } from "../rules.ts";
import { isPortName, protocolNumbers } from "../words.ts";
import { notRepresentable } from "./peers.ts";

export interface HttpGroup extends PortGroup {
  readonly http?: NonNullable<Rule["http"]>;
}

type Groups = readonly HttpGroup[] | undefined;

/** `toPorts` and `icmps` of a rule; "any" when it has neither. */
export function groupsOf(rule: Fields, direction: "ingress" | "egress"): Groups | "any" {
  const ports = rule.get("toPorts");
  const icmps = rule.get("icmps");
  if (ports === undefined && icmps === undefined) return "any";
  const lists = [
    ...items(ports, 1000).map((item) => portRule(item, direction)),
    ...items(icmps, 1000).map((item) => icmpRule(item)),
  ];
  const known = lists.filter((each) => each !== undefined);
  return known.length === lists.length ? known.flat() : undefined;
}

const portRuleFields = ["ports", "rules", "terminatingTLS", "originatingTLS", "serverNames", "listener"];

function portRule(at: At, direction: "ingress" | "egress"): Groups {
  const rule = fields(at, portRuleFields, "failClosed");
  if (rule === undefined || rule.unknown.length > 0) return undefined;
  const strange = ["terminatingTLS", "originatingTLS", "serverNames", "listener"].find(
    (name) => rule.get(name) !== undefined,
  );
  if (strange !== undefined) return notRepresentable(at, strange);
  const groups = items(rule.get("ports"), 1000).map(portOf);
  const known = groups.filter((each) => each !== undefined).flat();
  if (groups.length === 0) known.push({});
  const layers = layer7(rule.get("rules"), direction);
  if (layers === undefined || groups.includes(undefined)) return undefined;
  if (layers.length === 0) return known;
  return known.flatMap((group) => layers.map((http) => ({ ...group, http })));
}

const protocols: Readonly<Record<string, readonly number[]>> = {
  TCP: [protocolNumbers.TCP],
  UDP: [protocolNumbers.UDP],
  SCTP: [protocolNumbers.SCTP],
  ANY: [protocolNumbers.TCP, protocolNumbers.UDP, protocolNumbers.SCTP],
};

function portOf(at: At): readonly PortGroup[] | undefined {
  const entry = fields(at, ["port", "endPort", "protocol"], "failClosed");
  if (entry === undefined || entry.unknown.length > 0) return undefined;
  const named = entry.get("protocol")?.value ?? "ANY";
  const numbers = typeof named === "string" && Object.hasOwn(protocols, named) ? protocols[named] : undefined;
  if (numbers === undefined) return notRepresentable(at, `protocol ${JSON.stringify(named)}`);
  const match = matchOf(entry);
  if (match === undefined) return undefined;
  return numbers.map((protocol) => (match === "all" ? { protocol } : { protocol, ports: [match] }));
}

function matchOf(entry: Fields): PortMatch | "all" | undefined {
  const at = entry.get("port");
  if (at === undefined || at.value === 0 || at.value === "0" || at.value === "") return "all";
  const number = typeof at.value === "string" && /^\d{1,5}$/.test(at.value) ? Number(at.value) : at.value;
  if (typeof number === "string") {
    return isPortName(number) ? { name: number } : notA(at, "a port number or the name of a port");
  }
  const from = integer({ ...at, value: number }, 1, 65_535);
  const end = entry.get("endPort");
  if (from === undefined) return undefined;
  if (end === undefined || end.value === 0) return { from, to: from };
  const to = integer(end, from, 65_535);
  return to === undefined ? undefined : { from, to };
}

/** [] when nothing is said; each HTTP rule is an alternative. */
function layer7(at: At | undefined, direction: "ingress" | "egress"): readonly NonNullable<Rule["http"]>[] | undefined {
  if (at === undefined) return [];
  const rules = fields(at, ["http", "dns", "kafka", "l7", "l7proto"], "failClosed");
  if (rules === undefined || rules.unknown.length > 0) return undefined;
  const strange = ["kafka", "l7", "l7proto"].find((name) => rules.get(name) !== undefined);
  if (strange !== undefined) return notRepresentable(at, strange);
  const dns = items(rules.get("dns"), 1000);
  const asksAll = dns.some((item) => fields(item, [], "ignore")?.get("matchPattern")?.value === "*");
  if (dns.length > 0 && !asksAll) return notRepresentable(at, "names that may be asked for");
  const http = rules.get("http");
  if (http === undefined) return [];
  if (direction === "egress") return notRepresentable(http, "HTTP conditions of egress rules");
  const list = items(http, 1000).map(httpRule);
  const known = list.filter((each) => each !== undefined);
  return known.length === list.length ? known : undefined;
}

function httpRule(at: At): NonNullable<Rule["http"]> | undefined {
  const rule = fields(at, ["method", "path", "host", "hostExact", "headers", "headerMatches"], "failClosed");
  if (rule === undefined || rule.unknown.length > 0) return undefined;
  const strange = ["host", "hostExact", "headers", "headerMatches"].find((name) => rule.get(name) !== undefined);
  if (strange !== undefined) return notRepresentable(at, strange);
  const method = rule.get("method")?.value;
  const path = rule.get("path")?.value;
  const match = path === undefined ? undefined : pathOf(path);
  if ((method !== undefined && !isWord(method)) || (path !== undefined && match === undefined)) {
    return notRepresentable(at, "a regular expression");
  }
  return {
    ...(typeof method === "string" ? { methods: [method] } : {}),
    ...(match === undefined ? {} : { paths: [match] }),
  };
}

function isWord(method: unknown): boolean {
  return typeof method === "string" && /^[A-Za-z]{1,32}$/.test(method);
}

/** Only expressions that are a literal path, or one with ".*" after it. */
function pathOf(path: unknown): HttpPath | undefined {
  if (typeof path !== "string") return undefined;
  const found = /^(\/[A-Za-z0-9_/~-]*)(\.\*)?$/.exec(path);
  if (found === null) return undefined;
  return { match: found[2] === undefined ? "exact" : "prefix", value: found[1] ?? "/" };
}

/** Names that Cilium has for types. */
const icmpTypes: Readonly<Record<"IPv4" | "IPv6", Readonly<Record<string, number>>>> = {
  IPv4: {
    EchoReply: 0,
    DestinationUnreachable: 3,
    Redirect: 5,
    Echo: 8,
    EchoRequest: 8,
    RouterAdvertisement: 9,
    RouterSelection: 10,
    TimeExceeded: 11,
    ParameterProblem: 12,
    Timestamp: 13,
    TimestampReply: 14,
    Photuris: 40,
    ExtendedEchoRequest: 42,
    ExtendedEchoReply: 43,
  },
  IPv6: {
    DestinationUnreachable: 1,
    PacketTooBig: 2,
    TimeExceeded: 3,
    ParameterProblem: 4,
    EchoRequest: 128,
    EchoReply: 129,
    MulticastListenerQuery: 130,
    MulticastListenerReport: 131,
    MulticastListenerDone: 132,
    RouterSolicitation: 133,
    RouterAdvertisement: 134,
    NeighborSolicitation: 135,
    NeighborAdvertisement: 136,
    RedirectMessage: 137,
  },
};

function icmpRule(at: At): Groups {
  const rule = fields(at, ["fields"], "failClosed");
  if (rule === undefined || rule.unknown.length > 0) return undefined;
  const list = items(rule.get("fields"), 40).map((item) => {
    const field = fields(item, ["type", "family"], "failClosed");
    const family = field?.get("family")?.value ?? "IPv4";
    const written = field?.get("type")?.value;
    if (field === undefined || field.unknown.length > 0 || (family !== "IPv4" && family !== "IPv6")) return undefined;
    const digits = typeof written === "string" && /^\d{1,3}$/.test(written) ? Number(written) : written;
    const table = icmpTypes[family];
    const type = typeof digits === "string" && Object.hasOwn(table, digits) ? table[digits] : digits;
    if (typeof type !== "number" || !Number.isInteger(type) || type < 0 || type > 255)
      return notA(item, "a type of ICMP");
    return { protocol: family === "IPv4" ? protocolNumbers.ICMP : protocolNumbers.ICMPv6, icmp: { type } };
  });
  const known = list.filter((each) => each !== undefined);
  return known.length === list.length ? known : undefined;
}

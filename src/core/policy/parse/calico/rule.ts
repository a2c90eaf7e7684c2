// Rules of Calico policies and profiles, checked as the field's own validator does. An unknown field, which may be a newer condition, fails closed.
import { isIpv4 } from "../../../../base/ip.ts";
import type { Action, Direction, EntityMatch, HttpPath, PortMatch, Prefix, Rule } from "../../model.ts";
import { child, choice, fields, items, notA, refuse, text, type At, type Fields } from "../reader.ts";
import { closedRule } from "../rules.ts";
import { domainName, isLabelKey, namespaceName, objectName, protocolNumbers } from "../words.ts";
import { blank, ruleSelectors } from "./selectors.ts";
import { calicoPort, calicoProtocol, hasPorts, icmp, ruleNets } from "./words.ts";

const rulesMax = 10_000;
const portsMax = 1000;

export interface RulesOptions {
  readonly direction: Direction;
  /** "" in what has no namespace: policies of the cluster, profiles. */
  readonly namespace: string;
}

export function calicoRules(at: At | undefined, options: RulesOptions): readonly Rule[] {
  return items(at, rulesMax).flatMap((item, index) => ruleOf(item, index, options) ?? []);
}

const ruleFields = [
  "action",
  "ipVersion",
  "protocol",
  "notProtocol",
  "icmp",
  "notICMP",
  "source",
  "destination",
  "http",
  "metadata",
];

function ruleOf(at: At, index: number, options: RulesOptions): Rule | undefined {
  const rule = fields(at, ruleFields, "failClosed");
  const action = choice(rule?.get("action") ?? child(at, "action"), ["Allow", "Deny", "Pass", "Log"]);
  if (rule === undefined || action === undefined) return undefined;
  const name = nameOf(rule.get("metadata"));
  const version = choice(rule.get("ipVersion"), [4, 6]);
  const protocol = calicoProtocol(rule.get("protocol"));
  const notProtocol = calicoProtocol(rule.get("notProtocol"));
  const matchIcmp = icmp(rule.get("icmp"));
  const notIcmp = icmp(rule.get("notICMP"));
  const http = httpOf(rule, action, options.direction);
  const source = entityOf(rule, "source", { ...options, action, protocol });
  const destination = entityOf(rule, "destination", { ...options, action, protocol });
  checkProtocols(rule, protocol, http !== undefined);
  checkVersions(at, { version, protocol, notProtocol, ends: [source.match, destination.match] });
  if (rule.unknown.length > 0 || source.isClosed || destination.isClosed) {
    return closedRule({ action, index, name, direction: options.direction });
  }
  return {
    action,
    written: index,
    name,
    ...(version === undefined ? {} : { ipVersion: version }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(notProtocol === undefined ? {} : { notProtocol }),
    ...(matchIcmp === undefined ? {} : { icmp: matchIcmp }),
    ...(notIcmp === undefined ? {} : { notIcmp }),
    ...(http === undefined ? {} : { http }),
    source: source.match,
    destination: destination.match,
  };
}

/** Annotations of a rule; one of them may be its name. */
function nameOf(at: At | undefined): string {
  if (at === undefined) return "";
  const annotations = fields(at, ["annotations"])?.get("annotations");
  if (annotations === undefined || fields(annotations, [], "ignore") === undefined) return "";
  const entries = Object.entries(annotations.value as Record<string, unknown>);
  for (const [key, value] of entries) {
    if (!isLabelKey(key)) notA({ ...annotations, value: key }, "an annotation's key");
    else if (typeof value !== "string") notA(child(annotations, key), "a text");
  }
  const named = entries.find(([key]) => key === "name")?.[1];
  return typeof named === "string" ? named.slice(0, 100) : "";
}

interface EntityOptions extends RulesOptions {
  readonly action: Action;
  readonly protocol: number | undefined;
}

const entityFields = [
  "nets",
  "notNets",
  "selector",
  "notSelector",
  "namespaceSelector",
  "ports",
  "notPorts",
  "serviceAccounts",
  "services",
  "domains",
];

type Side = "source" | "destination";

function entityOf(rule: Fields, side: Side, options: EntityOptions): { match: EntityMatch; isClosed: boolean } {
  const at = rule.get(side);
  const end = at === undefined ? undefined : fields(at, entityFields, "failClosed");
  if (end === undefined) return { match: {}, isClosed: false };
  const nets = ruleNets(end.get("nets"));
  const notNets = ruleNets(end.get("notNets"));
  const ports = portsOf(end, "ports", options.protocol);
  const notPorts = portsOf(end, "notPorts", options.protocol);
  const service = serviceOf(end, side, options);
  const domains = domainsOf(end, side, options);
  const match: EntityMatch = {
    ...(nets === undefined ? {} : { nets }),
    ...(notNets === undefined ? {} : { notNets }),
    ...ruleSelectors(end, options.namespace),
    ...(ports === undefined ? {} : { ports }),
    ...(notPorts === undefined ? {} : { notPorts }),
    ...(service === undefined ? {} : { service }),
    ...(domains === undefined ? {} : { domains }),
  };
  return { match, isClosed: end.unknown.length > 0 };
}

function portsOf(
  end: Fields,
  name: "ports" | "notPorts",
  protocol: number | undefined,
): readonly PortMatch[] | undefined {
  const at = end.get(name);
  const list = items(at, portsMax);
  if (at === undefined || list.length === 0) return undefined;
  if (!hasPorts(protocol)) {
    refuse(at, { code: "bad-value", message: `${name} needs protocol TCP, UDP or SCTP beside it` });
  }
  return list.flatMap((item) => calicoPort(item) ?? []);
}

const besideService = ["nets", "notNets", "selector", "notSelector", "namespaceSelector", "serviceAccounts"] as const;

function serviceOf(end: Fields, side: Side, options: EntityOptions): EntityMatch["service"] {
  const at = end.get("services");
  if (at === undefined) return undefined;
  if ((options.direction === "egress") !== (side === "destination")) {
    return refuse(at, {
      code: "bad-value",
      message: `services has no place in the ${side} of ${options.direction} rules`,
    });
  }
  // Ports of a destination are the service's own.
  const excluded = side === "destination" ? [...besideService, "ports", "notPorts"] : besideService;
  const beside = excluded.find((name) => !isEmpty(end.get(name)));
  if (beside !== undefined) return refuse(at, { code: "bad-value", message: `services does not go with ${beside}` });
  const match = fields(at, ["name", "namespace"]);
  const name = objectName(match?.get("name") ?? child(at, "name"));
  const written = match?.get("namespace");
  const namespace = blank(written) ? options.namespace : namespaceName(written);
  if (name === undefined || namespace === undefined) return undefined;
  if (namespace === "") return refuse(at, { code: "missing-field", message: "services needs a namespace here" });
  return { namespace, name };
}

function isEmpty(at: At | undefined): boolean {
  return blank(at) || (Array.isArray(at?.value) && at.value.length === 0);
}

function domainsOf(end: Fields, side: Side, { action, direction }: EntityOptions): readonly string[] | undefined {
  const at = end.get("domains");
  const list = items(at, 1000);
  if (at === undefined || list.length === 0) return undefined;
  if (action !== "Allow" || direction !== "egress" || side !== "destination") {
    return refuse(at, { code: "bad-value", message: "domains goes with the destination of egress Allow rules only" });
  }
  return list.flatMap((item) => domainName(item) ?? []);
}

function httpOf(rule: Fields, action: Action, direction: Direction): Rule["http"] {
  const at = rule.get("http");
  const http = at === undefined ? undefined : fields(at, ["methods", "paths"]);
  if (at === undefined || http === undefined) return undefined;
  if (action !== "Allow") return refuse(at, { code: "bad-value", message: "http goes with Allow rules only" });
  if (direction === "egress") return refuse(at, { code: "bad-value", message: "http has no place in egress rules" });
  const methods = items(http.get("methods"), 100).flatMap((item) => text(item, "a method", { max: 64 }) ?? []);
  if (new Set(methods).size < methods.length)
    refuse(child(at, "methods"), { code: "bad-value", message: "a method stands twice" });
  const paths = items(http.get("paths"), 1000).flatMap((item) => pathOf(item) ?? []);
  return { ...(methods.length === 0 ? {} : { methods }), ...(paths.length === 0 ? {} : { paths }) };
}

function pathOf(at: At): HttpPath | undefined {
  const path = fields(at, ["exact", "prefix"]);
  const options = { max: 1024, pattern: /^\/[^? #]*$/ };
  const exact = text(path?.get("exact"), "a path that begins with / and has no ?, # or blank", options);
  const prefix = text(path?.get("prefix"), "a path that begins with / and has no ?, # or blank", options);
  if ((exact === undefined) === (prefix === undefined)) {
    return refuse(at, { code: "bad-value", message: "a path needs exactly one of exact and prefix" });
  }
  return exact === undefined ? { match: "prefix", value: prefix ?? "" } : { match: "exact", value: exact };
}

function checkProtocols(rule: Fields, protocol: number | undefined, hasHttp: boolean): void {
  const icmps: readonly (number | undefined)[] = [protocolNumbers.ICMP, protocolNumbers.ICMPv6];
  const at = rule.get("icmp");
  if (at !== undefined && !icmps.includes(protocol)) {
    refuse(at, { code: "bad-value", message: "icmp needs protocol ICMP or ICMPv6 beside it" });
  }
  if (hasHttp && protocol !== undefined && protocol !== protocolNumbers.TCP) {
    refuse(rule.at, { code: "bad-value", message: "http goes with protocol TCP only" });
  }
}

interface Versions {
  readonly version: 4 | 6 | undefined;
  readonly protocol: number | undefined;
  readonly notProtocol: number | undefined;
  readonly ends: readonly EntityMatch[];
}

/** All that says IPv4 or IPv6 in a rule must say the same. */
function checkVersions(at: At, { version, protocol, notProtocol, ends }: Versions): void {
  for (const [number, wanted] of [
    [protocolNumbers.ICMP, 4],
    [protocolNumbers.ICMPv6, 6],
  ] as const) {
    const isUsed = protocol === number || notProtocol === number;
    if (isUsed && version !== undefined && version !== wanted) {
      refuse(at, { code: "bad-value", message: `ipVersion must be ${wanted} beside ICMP${wanted === 6 ? "v6" : ""}` });
    }
  }
  const nets = ends.flatMap((end) => [...(end.nets ?? []), ...(end.notNets ?? [])]);
  const versions = new Set(nets.map(versionOf));
  if (versions.size > 1)
    refuse(at, { code: "bad-value", message: "a rule holds IPv4 and IPv6 address ranges; write two rules" });
  const [only] = versions;
  if (version !== undefined && only !== undefined && only !== version) {
    refuse(at, { code: "bad-value", message: `ipVersion is ${version}, the address ranges are IPv${only}` });
  }
}

function versionOf({ range }: Prefix): 4 | 6 {
  return isIpv4(range.low) ? 4 : 6;
}

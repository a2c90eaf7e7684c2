// Small things that all dialects write alike: names, labels, prefixes, ports, protocols. Each reader refuses the object when the thing is wrong.
import { parsePrefix, parseAddress, type Address, type AddressRange } from "../../../base/ip.ts";
import type { NamedPort, PortMatch, Prefix } from "../model.ts";
import { child, fields, integer, notA, refuse, text, type At } from "./reader.ts";

const labelName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const keyName = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const valueText = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const serviceName = /^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/;

/** RFC 1123 label, as of namespaces. */
export function namespaceName(at: At | undefined): string | undefined {
  return text(at, "a name of lower-case letters, digits and '-', at most 63 characters", {
    max: 63,
    pattern: labelName,
  });
}

/** RFC 1123 subdomain, as of most objects. */
export function objectName(at: At | undefined): string | undefined {
  return text(at, "a name of lower-case letters, digits, '-' and '.', at most 253 characters", {
    max: 253,
    pattern: subdomain,
  });
}

/** [prefix/]name, as of labels. */
export function isLabelKey(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash < 0) return keyName.test(key);
  return slash <= 253 && subdomain.test(key.slice(0, slash)) && keyName.test(key.slice(slash + 1));
}

export function isLabelValue(value: string): boolean {
  return valueText.test(value);
}

/** A mapping of label keys to texts; at most 1,000. Missing: none. */
export function labelMap(at: At | undefined): Readonly<Record<string, string>> {
  if (at === undefined) return {};
  const mapping = fields(at, [], "ignore");
  if (mapping === undefined) return {};
  const entries = Object.entries(at.value as Record<string, unknown>);
  if (entries.length > 1000) refuse(at, { code: "list-limit", message: `${entries.length} labels, more than 1000` });
  const labels: Record<string, string> = {};
  for (const [key, value] of entries.slice(0, 1000)) {
    if (!isLabelKey(key))
      refuse(child(at, key), { code: "bad-label", message: `${JSON.stringify(key)} is not a label key` });
    else if (typeof value !== "string" || !isLabelValue(value))
      notA(child(at, key), "a label value", quotedHint(value));
    else labels[key] = value;
  }
  return labels;
}

function quotedHint(value: unknown): string | undefined {
  return typeof value === "boolean" || typeof value === "number" ? `Put it in quotes: "${value}".` : undefined;
}

const mappedLow: Address = [0, 0, 0xffff, 0];
const mappedHigh: Address = [0, 0, 0xffff, 0xffff_ffff];

/**
 * Prefixes of one written CIDR: two for an IPv6 one so wide that it holds the place where IPv4 addresses are kept (::ffff:0:0/96), for "::/0"
 * is no IPv4 address. `single`: an address without length will do (Calico).
 */
export function prefixes(at: At, single: "single" | "cidr" = "cidr"): readonly Prefix[] {
  if (typeof at.value !== "string") return notA(at, "an address range like 10.0.0.0/8") ?? [];
  const range = at.value.length > 64 ? undefined : parsePrefix(at.value);
  if (range === undefined || at.value.includes("%") || (single === "cidr" && !at.value.includes("/"))) {
    return notA(at, "an address range like 10.0.0.0/8 or fd00::/8") ?? [];
  }
  return prefixesOf(at.value, range);
}

/** See `prefixes`. */
export function prefixesOf(text: string, range: AddressRange): readonly Prefix[] {
  const isMapped = range.low[0] === 0 && range.low[1] === 0 && range.low[2] === 0xffff;
  const holdsMapped = !isMapped && before(range.low, mappedLow) && before(mappedHigh, range.high);
  if (!holdsMapped) return [{ text, range }];
  return [
    { text, range: { low: range.low, high: [0, 0, 0xfffe, 0xffff_ffff] } },
    { text, range: { low: [0, 0, 0x1_0000, 0], high: range.high } },
  ];
}

function before(a: Address, b: Address): boolean {
  for (const index of [0, 1, 2, 3] as const) if (a[index] !== b[index]) return a[index] < b[index];
  return false;
}

/** One address as text; else refused. */
export function addressText(at: At): string | undefined {
  const value = text(at, "an address");
  if (value === undefined) return undefined;
  return parseAddress(value) === undefined ? notA(at, "an address") : value;
}

export const protocolNumbers = { ICMP: 1, TCP: 6, UDP: 17, ICMPv6: 58, SCTP: 132, UDPLite: 136 } as const;

/** "TCP", "UDP" or "SCTP", exactly so; missing is TCP. */
export function kubernetesProtocol(at: At | undefined): number | undefined {
  if (at === undefined) return protocolNumbers.TCP;
  switch (at.value) {
    case "TCP":
    case "UDP":
    case "SCTP":
      return protocolNumbers[at.value];
    default:
      return notA(at, "TCP, UDP or SCTP");
  }
}

/** A name from the IANA rules: at most 15 of a-z, 0-9 and single '-', with a letter. */
export function isPortName(name: string): boolean {
  return name.length <= 15 && serviceName.test(name);
}

/** A number from 1 to 65535 or the name of a port. */
export function portOrName(at: At): PortMatch | undefined {
  if (typeof at.value === "string") {
    if (isPortName(at.value)) return { name: at.value };
    const hint = /^\d+$/.test(at.value) ? "Write the number without quotes." : undefined;
    return notA(at, "a port number or the name of a port", hint);
  }
  const port = integer(at, 1, 65_535);
  return port === undefined ? undefined : { from: port, to: port };
}

/** Ports of containers that have a name. */
export function namedPort(at: At): NamedPort | undefined {
  const mapping = fields(at, [], "ignore");
  const name = mapping?.get("name")?.value;
  const port = mapping?.get("containerPort")?.value;
  if (typeof name !== "string" || typeof port !== "number" || !Number.isInteger(port)) return undefined;
  const protocol = kubernetesProtocol(mapping?.get("protocol"));
  return protocol === undefined ? undefined : { name, protocol, port };
}

const domainPattern = /^(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?$/;

/** "example.com" or "*.example.com", in lower case and without the root's dot. */
export function domainName(at: At): string | undefined {
  const value = text(at, "a domain name like example.com or *.example.com", { max: 253, pattern: domainPattern });
  return value?.toLowerCase().replace(/\.$/, "");
}

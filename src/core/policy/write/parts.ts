// What the writers of dialects share: metadata, words for protocols, and the sentence about what was left out.
import { formatAddress, isIpv4, parseAddress, parsePrefix } from "../../../base/ip.ts";
import type { PolicyDraft, PortDraft, RuleDraft } from "./draft.ts";

/** The label that the API server gives to every namespace. */
export const namespaceNameLabel = "kubernetes.io/metadata.name";

export const directions = ["ingress", "egress"] as const;
export type DraftDirection = (typeof directions)[number];

const names: Readonly<Record<number, string>> = {
  1: "ICMP",
  6: "TCP",
  17: "UDP",
  58: "ICMPv6",
  132: "SCTP",
  136: "UDPLite",
};

export function protocolName(protocol: number): string {
  return names[protocol] ?? `protocol ${protocol}`;
}

/** TCP, UDP and SCTP. */
export function hasPorts(protocol: number): boolean {
  return [6, 17, 132].includes(protocol);
}

export function isAllPorts({ from, to }: PortDraft): boolean {
  return from <= 1 && to >= 65_535;
}

export function metadataOf(draft: PolicyDraft, name: string, namespace: string | undefined): object {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(Object.keys(draft.annotations).length === 0 ? {} : { annotations: draft.annotations }),
  };
}

/** A selector of labels for manifests; empty: everything. */
export function matchLabels(labels: Readonly<Record<string, string>>): object {
  return Object.keys(labels).length === 0 ? {} : { matchLabels: labels };
}

export function leftOut(rule: RuleDraft, what: string): string {
  const about = rule.comment === "" ? "" : ` (${rule.comment})`;
  return `Left out, and so denied: an ${rule.direction} rule with ${what}${about}.`;
}

/** In pieces of at most `size`; nothing gives no piece. */
export function chunks<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(list.length / size);
  return Array.from({ length: count }, (_, index) => list.slice(index * size, (index + 1) * size));
}

/** Rules of a direction that the draft covers. */
export function rulesOf(draft: PolicyDraft, direction: DraftDirection): readonly RuleDraft[] {
  return draft.directions.includes(direction) ? draft.rules.filter((rule) => rule.direction === direction) : [];
}

/** An address range as all dialects take it: with its length, without host bits. What is none stays as it is, to be refused by whoever reads it. */
export function cidrOf(net: string): string {
  const range = parsePrefix(net);
  if (range === undefined) return net;
  const isFour = isIpv4(range.low) && isIpv4(range.high);
  const [, written = net.includes(":") ? "128" : "32"] = net.split("/");
  const length = isFour && net.includes(":") ? Number(written) - 96 : written;
  return `${formatAddress(range.low)}/${length}`;
}

export function isIpv4Net(net: string): boolean {
  const address = parseAddress(net.split("/")[0] ?? "");
  return address !== undefined && isIpv4(address);
}

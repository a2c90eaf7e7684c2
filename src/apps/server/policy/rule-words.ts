// A rule in words for a person: "from app == "web" to port 5432/tcp". Selectors stand in their canonical text, as the board shows them.
import type { EntityMatch, Policy, PortMatch, Rule } from "../../../core/policy/model.ts";
import type { Direction } from "../../../core/policy/model.ts";
import { protocolName } from "../../../core/policy/protocols.ts";
import type { PeerDraft, PortDraft, RuleDraft } from "../../../core/policy/write/draft.ts";

const alternativesMax = 6;
const itemsMax = 8;

/** What a written rule says: it may have become several, which are its alternatives. */
export function wordsOf(policy: Policy, direction: Direction, written: number): string {
  const all = policy[direction].filter((rule) => rule.written === written).map((rule) => wordsOfRule(rule, direction));
  const distinct = [...new Set(all)];
  const more = distinct.length - alternativesMax;
  return distinct.slice(0, alternativesMax).join(" or ") + (more > 0 ? ` or ${more} more` : "");
}

function wordsOfRule(rule: Rule, direction: Direction): string {
  const { source, destination, protocol, notProtocol, icmp, ipVersion, http } = rule;
  const peer = direction === "ingress" ? source : destination;
  const own = direction === "ingress" ? destination : source;
  const far = `${direction === "ingress" ? "from" : "to"} ${endWords(peer, direction === "ingress")}`;
  const near = endParts(own, direction === "egress");
  const ports = portWords(destination, protocol);
  const parts = [
    far,
    ...(near.length === 0 ? [] : [`${direction === "ingress" ? "to" : "from"} ${joined(near)}`]),
    ...(ports === "" ? [] : [ports]),
    ...(notProtocol === undefined ? [] : [`not ${protocolName(notProtocol)}`]),
    ...(icmp === undefined ? [] : [`type ${icmp.type}${icmp.code === undefined ? "" : ` code ${icmp.code}`}`]),
    ...(ipVersion === undefined ? [] : [`IPv${ipVersion}`]),
    ...(http === undefined ? [] : ["certain HTTP requests"]),
  ];
  return parts.join(" ");
}

function endWords(end: EntityMatch, withPorts: boolean): string {
  const parts = endParts(end, withPorts);
  return parts.length === 0 ? "anywhere" : joined(parts);
}

function joined(parts: readonly string[]): string {
  return parts.join(" and ").replace(" and except ", " except ");
}

function endParts(end: EntityMatch, withPorts: boolean): readonly string[] {
  const { selector, notSelector, nets, notNets, service, domains, outsideOnly, kinds } = end;
  const others = kinds?.includes("workload") === false ? `${kinds.join(" or ")} ` : "";
  return [
    ...(selector === undefined ? [] : [`${others}${selector.text}`]),
    ...(notSelector === undefined ? [] : [`not ${notSelector.text}`]),
    ...(nets === undefined
      ? []
      : [
          listed(
            nets.map(({ text }) => text),
            "no address",
          ),
        ]),
    ...(notNets === undefined || notNets.length === 0
      ? []
      : [
          `except ${listed(
            notNets.map(({ text }) => text),
            "",
          )}`,
        ]),
    ...(service === undefined ? [] : [`service ${service.namespace}/${service.name}`]),
    ...(domains === undefined ? [] : [listed(domains, "no name")]),
    ...(outsideOnly === true && nets === undefined ? ["outside of the cluster"] : []),
    ...(withPorts && end.ports !== undefined ? [`source port ${listed(end.ports.map(portText), "none")}`] : []),
  ];
}

function portWords({ ports, notPorts }: EntityMatch, protocol: number | undefined): string {
  const name = protocol === undefined ? "" : protocolName(protocol);
  if (ports === undefined && notPorts === undefined) return name === "" ? "" : `on ${name}`;
  const some = ports === undefined ? "any port" : `port ${listed(ports.map(portText), "none")}`;
  const but = notPorts === undefined ? "" : ` except ${listed(notPorts.map(portText), "none")}`;
  return `on ${some}${name === "" ? "" : `/${name}`}${but}`;
}

function portText(port: PortMatch): string {
  if ("name" in port) return port.name;
  return port.from === port.to ? String(port.from) : `${port.from}-${port.to}`;
}

function listed(items: readonly string[], none: string): string {
  if (items.length === 0) return none;
  const more = items.length - itemsMax;
  return items.slice(0, itemsMax).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** A rule that is recommended. */
export function wordsOfDraft({ direction, peer, ports }: RuleDraft): string {
  return `${direction === "ingress" ? "from" : "to"} ${peerWords(peer)} ${draftPorts(ports)}`;
}

export function peerWords(peer: PeerDraft): string {
  switch (peer.kind) {
    case "pods": {
      const labels = Object.entries(peer.labels).map(([key, value]) => `${key}=${value}`);
      const pods = labels.length === 0 ? "all pods" : `pods ${labels.join(",")}`;
      return peer.namespace === "" ? pods : `${pods} in ${peer.namespace}`;
    }
    case "nets":
      return listed(peer.nets, "no address");
    case "domains":
      return listed(peer.names, "no name");
    case "any":
      return "anywhere";
  }
}

export function draftPorts(ports: readonly PortDraft[]): string {
  if (ports.length === 0) return "on any port";
  const text = ({ protocol, from, to }: PortDraft): string => {
    if (from === 0 && to === 65_535) return protocolName(protocol);
    return `${from === to ? from : `${from}-${to}`}/${protocolName(protocol)}`;
  };
  return `on ${listed(ports.map(text), "")}`;
}

// Ports as the admin policies write them (portNumber, portRange, namedPort), and the pieces of them that ClusterNetworkPolicy kept.
import type { PortMatch } from "../model.ts";
import { child, failClosed, fields, integer, items, notA, refuse, type At } from "./reader.ts";
import type { PortGroup } from "./rules.ts";
import { isPortName, kubernetesProtocol, protocolNumbers } from "./words.ts";

const portProtocols = [protocolNumbers.TCP, protocolNumbers.UDP, protocolNumbers.SCTP];

/** `ports` of a rule: none is all; undefined when one of them is not known here. */
export function adminPorts(
  at: At | undefined,
  { itemsMax, hasUnnamedPeer }: { readonly itemsMax: number; readonly hasUnnamedPeer: boolean },
): readonly PortGroup[] | undefined {
  const list = items(at, itemsMax);
  if (list.length === 0) return [{}];
  const groups = list.map((item) => groupOf(item, hasUnnamedPeer));
  return groups.every((group) => group !== undefined) ? groups.flat() : undefined;
}

const portFields = ["portNumber", "namedPort", "portRange"] as const;

function groupOf(at: At, hasUnnamedPeer: boolean): readonly PortGroup[] | undefined {
  const entry = fields(at, portFields, "failClosed");
  if (entry === undefined || entry.unknown.length > 0) return undefined;
  const given = portFields.filter((name) => entry.get(name) !== undefined);
  if (given.length !== 1) {
    const message = `needs exactly one of ${portFields.join(", ")}; the rule fails closed`;
    return failClosed(at, { code: "unknown-port", message });
  }
  const named = entry.get("namedPort");
  if (named !== undefined) return namedGroups(named, hasUnnamedPeer);
  const range = entry.get("portRange");
  if (range !== undefined) {
    const protocol = kubernetesProtocol(fields(range, [], "ignore")?.get("protocol"));
    const match = rangeOf(range, ["protocol", "start", "end"]);
    return protocol === undefined || match === undefined ? undefined : [{ protocol, ports: [match] }];
  }
  return numberGroup(entry.get("portNumber") ?? at);
}

function numberGroup(at: At): readonly PortGroup[] | undefined {
  const number = fields(at, ["protocol", "port"], "failClosed");
  if (number === undefined || number.unknown.length > 0) return undefined;
  const protocol = kubernetesProtocol(number.get("protocol"));
  const port = integer(number.get("port") ?? child(at, "port"), 1, 65_535);
  return protocol === undefined || port === undefined ? undefined : [{ protocol, ports: [{ from: port, to: port }] }];
}

/** A name counts for whatever protocol the pod has it for. */
export function namedGroups(at: At, hasUnnamedPeer: boolean): readonly PortGroup[] | undefined {
  if (hasUnnamedPeer) {
    return refuse(at, { code: "bad-value", message: "a named port does not go with nodes, networks or domainNames" });
  }
  const name = at.value;
  if (typeof name !== "string" || !isPortName(name)) return notA(at, "the name of a port");
  return portProtocols.map((protocol) => ({ protocol, ports: [{ name }] }));
}

/** `start` below `end`. `known`: all fields that may stand there. */
export function rangeOf(at: At, known: readonly string[]): PortMatch | undefined {
  const range = fields(at, known, "failClosed");
  if (range === undefined || range.unknown.length > 0) return undefined;
  const from = integer(range.get("start") ?? child(at, "start"), 1, 65_535);
  const to = integer(range.get("end") ?? child(at, "end"), 1, 65_535);
  if (from === undefined || to === undefined) return undefined;
  return from < to ? { from, to } : refuse(at, { code: "bad-value", message: `start ${from} is not below end ${to}` });
}

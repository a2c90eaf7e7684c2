// Every protocol and port, cut where policies, named ports, services or invariants mention a boundary: one question for each cell.
import { protocolNumbers } from "../protocols.ts";
import type { EntityMatch, PolicySet, PortMatch, Rule } from "../model.ts";
import type { World } from "../world.ts";

export interface PortCell {
  readonly protocol: number;
  /** First of the cell; 0 for protocols without ports. */
  readonly from: number;
  readonly to: number;
  readonly icmp?: { readonly type: number; readonly code: number };
}

export interface PortRange {
  readonly protocol: number;
  readonly from: number;
  readonly to: number;
}

const withPorts = [6, 17, 132, 136] as const;
const icmpOf = { 4: 1, 6: 58 } as const;

/** "5432/tcp" and what else model/policy-invariants.ts takes, with ports in order and in bounds; undefined for anything else. */
export function parsePorts(text: string): PortRange | undefined {
  const match = /^(?:(?:(\d{1,5})(?:-(\d{1,5}))?\/)?(tcp|udp|sctp)|icmp|icmpv6|\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const [whole, from = "0", to = match[1] ?? "65535", transport] = match;
  const protocol = protocolNumbers[transport ?? whole] ?? Number(whole);
  const range = { protocol, from: Number(from), to: Number(to) };
  return protocol <= 255 && range.from <= range.to && range.to <= 65_535 ? range : undefined;
}

/** Cells of all that may be asked, at least one for "any other protocol". `asked` limits them to an invariant's ports. */
export function portCells(set: PolicySet, world: World, asked: readonly PortRange[] | undefined): readonly PortCell[] {
  const rules = allRules(set);
  const cuts = portCuts(rules, set, world, asked ?? []);
  const protocols = new Set<number>([6, 17, ...(asked ?? []).map(({ protocol }) => protocol)]);
  for (const { protocol, notProtocol } of rules) {
    if (protocol !== undefined) protocols.add(protocol);
    if (notProtocol !== undefined) protocols.add(notProtocol);
  }
  protocols.add(icmpOf[4]).add(icmpOf[6]);
  protocols.add(other(protocols));
  // TCP and UDP first: a counter-example that people know is the better one.
  const rank = (protocol: number): number => (protocol === 6 || protocol === 17 ? protocol - 256 : protocol);
  const cells = [...protocols]
    .sort((one, next) => rank(one) - rank(next))
    .flatMap((protocol) => cellsOf(protocol, cuts, rules));
  return asked === undefined ? cells : cells.filter((cell) => asked.some((range) => isIn(cell, range)));
}

/** Cells of source ports: only where rules ask for them. */
export function sourcePorts(set: PolicySet): readonly number[] {
  const cuts = new Set([0]);
  for (const { source } of allRules(set)) addCuts(cuts, [...(source.ports ?? []), ...(source.notPorts ?? [])]);
  // The last of a cell says "any high port" better than its first: 0 would be "not known".
  return [...cuts].sort((one, next) => one - next).map((from) => Math.max(1, from));
}

function allRules({ policies, profiles }: PolicySet): readonly Rule[] {
  return [...policies, ...profiles].flatMap(({ ingress, egress }) => [...ingress, ...egress]);
}

function isIn(cell: PortCell, range: PortRange): boolean {
  return cell.protocol === range.protocol && cell.from >= range.from && cell.to <= range.to;
}

function other(protocols: ReadonlySet<number>): number {
  let number = 253;
  while (protocols.has(number)) number -= 1;
  return number;
}

function portCuts(
  rules: readonly Rule[],
  { hostEndpoints }: PolicySet,
  { endpoints, services }: World,
  asked: readonly PortRange[],
): ReadonlySet<number> {
  const cuts = new Set([0]);
  const sides: readonly EntityMatch[] = rules.map(({ destination }) => destination);
  for (const { ports = [], notPorts = [] } of sides) addCuts(cuts, [...ports, ...notPorts]);
  const points = [
    ...endpoints.flatMap(({ ports }) => ports.map(({ port }) => port)),
    ...hostEndpoints.flatMap(({ ports }) => ports.map(({ port }) => port)),
    ...(sides.some(({ service }) => service !== undefined)
      ? services.flatMap(({ backends }) => backends.map(({ port }) => port))
      : []),
    ...(hostEndpoints.length === 0 ? [] : failsafePorts),
  ];
  addCuts(cuts, [...points.map((port) => ({ from: port, to: port })), ...asked]);
  return cuts;
}

/** Where host endpoints have ways past their policies. */
const failsafePorts = [22, 53, 67, 68, 179, 2379, 2380, 5473, 6443, 6666, 6667, 10_250] as const;

function addCuts(cuts: Set<number>, ports: readonly PortMatch[]): void {
  for (const port of ports) {
    if ("name" in port) continue;
    cuts.add(port.from);
    if (port.to < 65_535) cuts.add(port.to + 1);
  }
}

function cellsOf(protocol: number, cuts: ReadonlySet<number>, rules: readonly Rule[]): readonly PortCell[] {
  if (withPorts.some((one) => one === protocol)) {
    const starts = [...cuts].sort((one, next) => one - next);
    return starts.map((from, index) => ({ protocol, from, to: (starts[index + 1] ?? 65_536) - 1 }));
  }
  const whole = { protocol, from: 0, to: 65_535 };
  if (protocol !== icmpOf[4] && protocol !== icmpOf[6]) return [whole];
  return icmpCells(rules).map((icmp) => ({ ...whole, icmp }));
}

/** Each mentioned type with each mentioned code, and one that nobody mentions of both. */
function icmpCells(rules: readonly Rule[]): readonly { readonly type: number; readonly code: number }[] {
  const mentioned = rules.flatMap(({ icmp, notIcmp }) => [icmp, notIcmp].flatMap((one) => one ?? []));
  const types = new Set(mentioned.map(({ type }) => type));
  const codes = new Set(mentioned.flatMap(({ code }) => (code === undefined ? [] : [code])));
  const unused = (taken: ReadonlySet<number>, from: number): number => {
    let number = from;
    while (taken.has(number)) number += 1;
    return number;
  };
  types.add(unused(types, 8));
  codes.add(unused(codes, 0));
  return [...types]
    .sort((one, next) => one - next)
    .flatMap((type) => [...codes].sort((one, next) => one - next).map((code) => ({ type, code })));
}

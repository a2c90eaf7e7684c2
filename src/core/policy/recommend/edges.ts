// Recorded flows as edges of groups: who, in which direction, with which peer, on which port, and the evidence for it.
// One pass over the flows; numbers for keys, because there may be a million of them.
import type { RecordedFlow } from "../world.ts";
import type { Ends, PeerId } from "./ends.ts";
import type { Group } from "./groups.ts";
import { edgesPerWorkloadMax, type Evidence, type LeftOut } from "./recommendation.ts";

export interface Edge {
  readonly peer: PeerId;
  readonly protocol: number;
  readonly port: number;
  flows: number;
  /** Of them, those with at most `faintPerDayMax` connections on each of their days. */
  faintFlows: number;
  connections: number;
  bytes: number;
  firstMs: number;
  lastMs: number;
  daysMost: number;
  /** Distinct days of first and last sights, at most `daysKeptMax` of them. */
  readonly days: number[];
  /** Names that the source had looked up, by how many connections; egress to addresses only. */
  names?: Map<string, number>;
  /** Connections to the address while no name was known for it. */
  namelessFlows: number;
}

export interface GroupEdges {
  readonly ingress: Map<number, Edge>;
  readonly egress: Map<number, Edge>;
}

export interface Collected {
  /** By index of the group; only groups that flows name. */
  readonly byGroup: ReadonlyMap<number, GroupEdges>;
  readonly leftOut: readonly LeftOut[];
  /** Days between the first and the last sight of any flow, at least 1 when there was one. */
  readonly spanDays: number;
}

export const dayMs = 86_400_000;
const daysKeptMax = 8;
/** Connections per day up to which a flow is faint: see scans.ts. */
const faintPerDayMax = 2;
const protocolsWithoutAnswer = new Set([17, 136]);

/** Reads every flow once. What cannot become an edge is counted by its reason. */
export function collectEdges(flows: Iterable<RecordedFlow>, ends: Ends): Collected {
  const byGroup = new Map<number, GroupEdges>();
  const left = new Map<string, { flows: number; connections: number }>();
  let [firstMs, lastMs] = [Infinity, -Infinity];
  const leave = (because: string, flow: RecordedFlow): void => {
    const entry = left.get(because) ?? { flows: 0, connections: 0 };
    entry.flows += 1;
    entry.connections += flow.connections;
    left.set(because, entry);
  };
  for (const flow of flows) {
    firstMs = Math.min(firstMs, flow.firstMs);
    lastMs = Math.max(lastMs, flow.lastMs);
    const because = addFlow(flow, ends, byGroup);
    if (because !== "") leave(because, flow);
  }
  const leftOut = [...left]
    .map(([because, counts]) => ({ because, ...counts }))
    .sort((one, other) => (one.because < other.because ? -1 : 1));
  const spanDays = firstMs > lastMs ? 0 : Math.floor(lastMs / dayMs) - Math.floor(firstMs / dayMs) + 1;
  return { byGroup, leftOut, spanDays };
}

/** Why the flow became no edge; "" when it did. */
function addFlow(flow: RecordedFlow, ends: Ends, byGroup: Map<number, GroupEdges>): string {
  if (flow.verdict === "deny") return "denied when it was recorded";
  if (flow.verdict === "unknown" && !protocolsWithoutAnswer.has(flow.protocol)) return "it did not connect";
  const source = ends.source(flow);
  if (typeof source === "string") return source;
  const destination = ends.destination(flow);
  if (typeof destination === "string") return destination;
  let isUsed = false;
  let because = "neither end is a workload";
  for (const from of source.peers) {
    for (const to of destination.peers) {
      const [near, far] = [ends.groupOf(from), ends.groupOf(to)];
      if (near !== undefined) {
        isUsed = true;
        add(edgesOf(byGroup, near).egress, to, destination.port, flow, far === undefined);
      }
      if (far === undefined) continue;
      if (source.node !== "" && ends.nodesOf(far).has(source.node)) because = "a node to its own pods: always allowed";
      else {
        isUsed = true;
        add(edgesOf(byGroup, far).ingress, from, destination.port, flow, false);
      }
    }
  }
  return isUsed ? "" : because;
}

function edgesOf(byGroup: Map<number, GroupEdges>, group: Group): GroupEdges {
  let edges = byGroup.get(group.index);
  if (edges === undefined) {
    edges = { ingress: new Map(), egress: new Map() };
    byGroup.set(group.index, edges);
  }
  return edges;
}

function add(edges: Map<number, Edge>, peer: PeerId, port: number, flow: RecordedFlow, hasNames: boolean): void {
  // 29 bits of peer, 16 of port and 8 of protocol: exact in a double.
  const key = peer * 0x1000000 + port * 0x100 + flow.protocol;
  let edge = edges.get(key);
  if (edge === undefined) {
    edge = {
      peer,
      port,
      protocol: flow.protocol,
      flows: 0,
      faintFlows: 0,
      connections: 0,
      bytes: 0,
      firstMs: flow.firstMs,
      lastMs: flow.lastMs,
      daysMost: 0,
      days: [],
      namelessFlows: 0,
    };
    edges.set(key, edge);
  }
  count(edge, flow);
  if (!hasNames) return;
  const names = flow.domains ?? [];
  if (names.length === 0) edge.namelessFlows += 1;
  edge.names ??= new Map();
  for (const name of names) edge.names.set(name, (edge.names.get(name) ?? 0) + flow.connections);
}

type Counted = Pick<RecordedFlow, "connections" | "bytes" | "firstMs" | "lastMs" | "days">;

function count(edge: Edge, flow: Counted): void {
  edge.flows += 1;
  if (flow.connections <= faintPerDayMax * Math.max(1, flow.days)) edge.faintFlows += 1;
  edge.connections += flow.connections;
  edge.bytes += flow.bytes;
  edge.firstMs = Math.min(edge.firstMs, flow.firstMs);
  edge.lastMs = Math.max(edge.lastMs, flow.lastMs);
  edge.daysMost = Math.max(edge.daysMost, flow.days);
  keepDay(edge, Math.floor(flow.firstMs / dayMs));
  keepDay(edge, Math.floor(flow.lastMs / dayMs));
}

function keepDay(edge: Edge, day: number): void {
  if (edge.days.length < daysKeptMax && !edge.days.includes(day)) edge.days.push(day);
}

/** What several edges show together. */
export function evidenceOf(edges: readonly Edge[]): Evidence {
  const days = new Set(edges.flatMap((edge) => edge.days));
  let [flows, connections, bytes, firstMs, lastMs, daysMost] = [0, 0, 0, Infinity, -Infinity, 0];
  for (const edge of edges) {
    flows += edge.flows;
    connections += edge.connections;
    bytes += edge.bytes;
    firstMs = Math.min(firstMs, edge.firstMs);
    lastMs = Math.max(lastMs, edge.lastMs);
    daysMost = Math.max(daysMost, edge.daysMost);
  }
  return { flows, connections, bytes, firstMs, lastMs, days: Math.max(daysMost, days.size) };
}

/** The edges of one direction; beyond the limit those with fewest connections are given apart, to be counted as left out. */
export function bounded(
  edges: ReadonlyMap<number, Edge>,
  ends: Ends,
): { readonly kept: readonly Edge[]; readonly beyond: readonly Edge[] } {
  const all = [...edges.values()];
  if (all.length <= edgesPerWorkloadMax) return { kept: all, beyond: [] };
  const nameOf = ({ peer }: Edge): string => ends.groupOf(peer)?.owners.join("+") ?? ends.addressOf(peer);
  all.sort(
    (one, other) =>
      other.connections - one.connections ||
      one.port - other.port ||
      one.protocol - other.protocol ||
      (nameOf(one) < nameOf(other) ? -1 : 1),
  );
  return { kept: all.slice(0, edgesPerWorkloadMax), beyond: all.slice(edgesPerWorkloadMax) };
}

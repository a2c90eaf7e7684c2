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
  /** One bit for each day (modulo 31) of a first or last sight: as many bits, at least so many days. */
  dayBits: number;
  /** Names that the source had looked up, at most `namesPerEdgeMax`; egress to addresses only. */
  readonly names: string[];
}

/** The edges of a group in one direction, in order of appearance. */
export interface EdgeTable {
  readonly list: Edge[];
  /** By port and protocol, then by peer: small whole numbers, which maps find fastest. */
  readonly byPort: Map<number, Map<PeerId, Edge>>;
}

export interface GroupEdges {
  readonly ingress: EdgeTable;
  readonly egress: EdgeTable;
}

export interface Collected {
  /** By index of the group; only groups that flows name. */
  readonly byGroup: ReadonlyMap<number, GroupEdges>;
  readonly leftOut: readonly LeftOut[];
  /** Days between the first and the last sight of any flow, at least 1 when there was one. */
  readonly spanDays: number;
}

export const dayMs = 86_400_000;
/** Names of one outside address that are kept: enough to find those that addresses share. */
const namesPerEdgeMax = 16;
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
    const table = (): EdgeTable => ({ list: [], byPort: new Map() });
    edges = { ingress: table(), egress: table() };
    byGroup.set(group.index, edges);
  }
  return edges;
}

function add(table: EdgeTable, peer: PeerId, port: number, flow: RecordedFlow, hasNames: boolean): void {
  const edge = edgeIn(table, peer, port, flow);
  count(edge, flow);
  if (!hasNames || flow.domains === undefined) return;
  for (const name of flow.domains) {
    if (edge.names.includes(name)) continue;
    edge.names.push(name);
    // The first by name stay, so that the order of flows does not matter.
    if (edge.names.length > namesPerEdgeMax) edge.names.sort().pop();
  }
}

function edgeIn({ byPort, list }: EdgeTable, peer: PeerId, port: number, flow: RecordedFlow): Edge {
  const key = port * 256 + flow.protocol;
  let peers = byPort.get(key);
  if (peers === undefined) {
    peers = new Map();
    byPort.set(key, peers);
  }
  const known = peers.get(peer);
  if (known !== undefined) return known;
  const { protocol, firstMs, lastMs } = flow;
  const counts = { flows: 0, faintFlows: 0, connections: 0, bytes: 0, daysMost: 0, dayBits: 0 };
  const edge: Edge = { peer, port, protocol, ...counts, firstMs, lastMs, names: [] };
  peers.set(peer, edge);
  list.push(edge);
  return edge;
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
  edge.dayBits |= dayBit(flow.firstMs) | dayBit(flow.lastMs);
}

function dayBit(ms: number): number {
  return 1 << (Math.floor(ms / dayMs) % 31);
}

/** How many days the bits stand for, at least. */
export function daysIn(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count += 1;
  return count;
}

/** What several edges show together. */
export function evidenceOf(edges: readonly Edge[]): Evidence {
  let [flows, connections, bytes, firstMs, lastMs, daysMost, bits] = [0, 0, 0, Infinity, -Infinity, 0, 0];
  for (const edge of edges) {
    flows += edge.flows;
    connections += edge.connections;
    bytes += edge.bytes;
    firstMs = Math.min(firstMs, edge.firstMs);
    lastMs = Math.max(lastMs, edge.lastMs);
    daysMost = Math.max(daysMost, edge.daysMost);
    bits |= edge.dayBits;
  }
  return { flows, connections, bytes, firstMs, lastMs, days: Math.max(daysMost, daysIn(bits)) };
}

/** The edges of one direction; beyond the limit those with fewest connections are given apart, to be counted as left out. */
export function bounded(
  { list }: EdgeTable,
  ends: Ends,
): { readonly kept: readonly Edge[]; readonly beyond: readonly Edge[] } {
  const all = [...list];
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

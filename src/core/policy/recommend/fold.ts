// From edges to what a rule may say: pods, names where look-ups explain outside addresses, "any public address" where the caller said so, else addresses.
// Each fold carries the edges behind it, so that evidence and holding back follow.
import { parseAddress, parsePrefix, type AddressRange } from "../../../base/ip.ts";
import type { Direction } from "../model.ts";
import type { PeerDraft, PortDraft } from "../write/draft.ts";
import { bounded, type Edge, type EdgeTable } from "./edges.ts";
import type { Ends } from "./ends.ts";
import { isPublic, publicPrefixes } from "./outside.ts";
import { edgesPerWorkloadMax } from "./recommendation.ts";

export interface Fold {
  readonly peer: PeerDraft;
  /** What tells peers apart, and sorts them. */
  readonly peerKey: string;
  readonly port: PortDraft;
  readonly edges: readonly Edge[];
  readonly from: "shown" | "public";
}

export interface FoldOptions {
  readonly names: boolean;
  readonly publicSourcesMin: number;
  /** The cluster's own prefixes: never public. */
  readonly ranges: readonly string[];
}

/** Folds of one direction, sorted, and the edges that no rule can say, by reason. */
export function foldEdges(
  direction: Direction,
  edges: EdgeTable,
  ends: Ends,
  options: FoldOptions,
): { readonly folds: readonly Fold[]; readonly lost: ReadonlyMap<string, readonly Edge[]> } {
  const { kept, beyond } = bounded(edges, ends);
  const ranges = options.ranges.flatMap((text) => parsePrefix(text) ?? []);
  const folds: Fold[] = [];
  const outside = new Map<string, Edge[]>();
  const unsayable: Edge[] = [];
  for (const edge of kept) {
    const group = ends.groupOf(edge.peer);
    if (group === undefined) {
      const key = `${edge.protocol}/${edge.port}`;
      const list = outside.get(key);
      if (list === undefined) outside.set(key, [edge]);
      else list.push(edge);
      continue;
    }
    if (group.because !== "") {
      unsayable.push(edge);
      continue;
    }
    const peer = { kind: "pods", namespace: group.namespace, labels: group.labels } as const;
    const peerKey = `0 ${group.namespace} ${group.owners.join(",")}`;
    folds.push({ peer, peerKey, port: portOf(edge), edges: [edge], from: "shown" });
  }
  for (const list of outside.values())
    folds.push(...foldOutside(direction, list, ends, { ...options, parsed: ranges }));
  folds.sort(
    (one, other) =>
      compare(one.peerKey, other.peerKey) || one.port.protocol - other.port.protocol || one.port.from - other.port.from,
  );
  const lost = new Map([
    [`beyond ${edgesPerWorkloadMax} edges of one workload`, beyond],
    ["the other end's pods have no label in common that outlives a redeploy", unsayable],
  ]);
  return { folds, lost };
}

function foldOutside(
  direction: Direction,
  edges: readonly Edge[],
  ends: Ends,
  options: FoldOptions & { readonly parsed: readonly AddressRange[] },
): readonly Fold[] {
  const [first] = edges;
  if (first === undefined) return [];
  const port = portOf(first);
  const isOutside = (edge: Edge): boolean => {
    const address = parseAddress(ends.addressOf(edge.peer));
    return address !== undefined && isPublic(address, options.parsed);
  };
  const open = edges.filter(isOutside);
  const isPublicPort = options.publicSourcesMin > 0 && open.length >= options.publicSourcesMin;
  if (direction === "ingress" && isPublicPort) {
    const closed = edges.filter((edge) => !open.includes(edge));
    return [...publicFolds(open, port, ends, options.ranges), ...closed.map((edge) => addressFold(edge, port, ends))];
  }
  if (direction === "egress" && options.names) return namedFolds(edges, new Set(open), port, ends);
  return edges.map((edge) => addressFold(edge, port, ends));
}

function publicFolds(edges: readonly Edge[], port: PortDraft, ends: Ends, ranges: readonly string[]): readonly Fold[] {
  const families = Map.groupBy(edges, (edge) => (ends.addressOf(edge.peer).includes(":") ? 6 : 4));
  return [...families].map(([family, list]) => ({
    peer: { kind: "nets", nets: publicPrefixes(ranges, family) },
    peerKey: `3 public ${family}`,
    port,
    edges: list,
    from: "public",
  }));
}

/** Few names that cover all addresses which a look-up explains; the others stay addresses. Private ones too: names of those are not for policies. */
function namedFolds(edges: readonly Edge[], open: ReadonlySet<Edge>, port: PortDraft, ends: Ends): readonly Fold[] {
  const folds: Fold[] = [];
  const byName = new Map<string, Set<Edge>>();
  const waiting = new Set<Edge>();
  for (const edge of edges) {
    if (!open.has(edge) || edge.names.length === 0) {
      folds.push(addressFold(edge, port, ends));
      continue;
    }
    waiting.add(edge);
    for (const name of edge.names) {
      const list = byName.get(name);
      if (list === undefined) byName.set(name, new Set([edge]));
      else list.add(edge);
    }
  }
  const names = [...byName].sort(([one], [other]) => compare(one, other));
  while (waiting.size > 0) {
    let best: readonly [string, readonly Edge[]] | undefined;
    for (const [name, all] of names) {
      const left = [...all].filter((edge) => waiting.has(edge));
      if (left.length > (best?.[1].length ?? 0)) best = [name, left];
    }
    if (best === undefined) break;
    const [name, explained] = best;
    for (const edge of explained) waiting.delete(edge);
    folds.push({
      peer: { kind: "domains", names: [name] },
      peerKey: `1 ${name}`,
      port,
      edges: explained,
      from: "shown",
    });
  }
  return folds;
}

function addressFold(edge: Edge, port: PortDraft, ends: Ends): Fold {
  const text = ends.addressOf(edge.peer);
  const net = `${text}/${text.includes(":") ? 128 : 32}`;
  return { peer: { kind: "nets", nets: [net] }, peerKey: `2 ${net}`, port, edges: [edge], from: "shown" };
}

function portOf({ protocol, port }: Edge): PortDraft {
  const hasPorts = [6, 17, 132, 136].includes(protocol);
  return hasPorts ? { protocol, from: port, to: port } : { protocol, from: 0, to: 65_535 };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

// Sources that try many ends, each a few times: scanners, and people with a tool. Their edges are held, whatever days they were seen on.
import type { Collected, Edge } from "./edges.ts";
import type { Ends, PeerId } from "./ends.ts";

/** A source with so many faint edges, and at least half of its edges faint, scans. */
const faintEdgesMin = 25;
export function isFaint(edge: Edge): boolean {
  return edge.faintFlows === edge.flows;
}

/** Sources (groups and addresses) whose faint edges are a scan. */
export function scanners(collected: Collected, ends: Ends): ReadonlySet<PeerId> {
  const seen = new Map<PeerId, { faint: number; all: number }>();
  const note = (source: PeerId, edge: Edge): void => {
    const counts = seen.get(source) ?? { faint: 0, all: 0 };
    counts.all += 1;
    if (isFaint(edge)) counts.faint += 1;
    seen.set(source, counts);
  };
  for (const [index, { ingress, egress }] of collected.byGroup) {
    // A group's own edges are all in its egress; addresses only show up where they arrive.
    for (const edge of egress.list) if (ends.groupOf(edge.peer) !== undefined) note(index, edge);
    for (const edge of ingress.list) if (ends.groupOf(edge.peer) === undefined) note(edge.peer, edge);
  }
  const found = [...seen].filter(([, { faint, all }]) => faint >= faintEdgesMin && faint * 2 >= all);
  return new Set(found.map(([source]) => source));
}

// Records that speak of the same vulnerability, joined by their other names. An erratum over several vulnerabilities is a member of each one's cluster, and joins none.
import type { AdvisoryRecord } from "../advisory.ts";

const cvePattern = /^CVE-\d{4}-\d+$/;

export function isCve(id: string): boolean {
  return cvePattern.test(id);
}

/** What a record is about: groups of names for one vulnerability each. */
export function vulnerabilitiesOf(record: AdvisoryRecord): readonly (readonly string[])[] {
  if (record.upstream.length > 1) return record.upstream.map((id) => [id]);
  return [[record.id, ...record.aliases, ...record.upstream]];
}

/** CVE first, then GHSA, then whatever is first in order. */
function preference(id: string): number {
  if (isCve(id)) return 0;
  return id.startsWith("GHSA-") ? 1 : 2;
}

export function mainName(ids: Iterable<string>): string {
  let best = "";
  for (const id of ids) {
    if (best === "") best = id;
    const differs = preference(id) - preference(best);
    if (differs < 0 || (differs === 0 && id < best)) best = id;
  }
  return best;
}

export interface Cluster<Member> {
  /** The CVE when there is one. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly members: readonly Member[];
}

function rootOf(parents: Map<string, string>, id: string): string {
  let root = id;
  for (;;) {
    const parent = parents.get(root);
    if (parent === undefined || parent === root) break;
    root = parent;
  }
  // Shortens the way for the next one.
  for (let at = id; at !== root;) {
    const parent = parents.get(at) ?? root;
    parents.set(at, root);
    at = parent;
  }
  return root;
}

/** Clusters in the order of their first member; a member with several vulnerabilities is in several. */
export function clustersOf<Member>(
  members: readonly Member[],
  recordOf: (member: Member) => AdvisoryRecord,
): readonly Cluster<Member>[] {
  const parents = new Map<string, string>();
  const groups = members.map((member) => vulnerabilitiesOf(recordOf(member)));
  for (const group of groups.flat()) {
    const first = rootOf(parents, group[0] ?? "");
    parents.set(first, first);
    for (const id of group) parents.set(rootOf(parents, id), first);
  }
  const clusters = new Map<string, { ids: Set<string>; members: Set<Member> }>();
  for (const [index, member] of members.entries()) {
    for (const group of groups[index] ?? []) {
      const root = rootOf(parents, group[0] ?? "");
      const cluster = clusters.get(root) ?? { ids: new Set<string>(), members: new Set<Member>() };
      for (const id of group) cluster.ids.add(id);
      cluster.members.add(member);
      clusters.set(root, cluster);
    }
  }
  return [...clusters.values()].map(({ ids, members: found }) => {
    const name = mainName(ids);
    return { name, aliases: [...ids].filter((id) => id !== name).sort(), members: [...found] };
  });
}

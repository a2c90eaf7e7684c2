// Rows to which the same policies apply share one group, and with it their programs. Groups are the nodes of a tree: each step down is one more
// policy, by position, so that a row's group is found in as many steps as it has policies.
import type { Program } from "./programs.ts";
import type { Row } from "./rows.ts";

export interface PolicyGroup {
  readonly number: number;
  readonly kind: Row["kind"];
  readonly profiles: string;
  readonly parent: PolicyGroup | undefined;
  /** Position of its last policy; -1 at the root. */
  readonly policy: number;
  next: Map<number, PolicyGroup> | undefined;
  /** By direction, lane and path; see programs.ts. */
  programs: (Program | undefined)[] | undefined;
}

export interface GroupTree {
  readonly size: number;
  groupOf(row: Row): PolicyGroup;
  clear(): void;
}

/** Positions, ascending. */
export function policiesOf(group: PolicyGroup): readonly number[] {
  const positions: number[] = [];
  for (let at: PolicyGroup | undefined = group; at !== undefined && at.policy >= 0; at = at.parent)
    positions.push(at.policy);
  return positions.reverse();
}

export function createGroupTree(): GroupTree {
  const roots = new Map<string, PolicyGroup>();
  let size = 0;
  const made = (row: Row, parent: PolicyGroup | undefined, policy: number): PolicyGroup => {
    size += 1;
    const { kind, profiles } = row;
    return { number: size, kind, profiles, parent, policy, next: undefined, programs: undefined };
  };
  return {
    get size() {
      return size;
    },
    groupOf(row) {
      const rootKey = `${row.kind}|${row.profiles}`;
      let group = roots.get(rootKey);
      if (group === undefined) roots.set(rootKey, (group = made(row, undefined, -1)));
      for (const policy of row.policies) {
        group.next ??= new Map();
        let next = group.next.get(policy);
        if (next === undefined) group.next.set(policy, (next = made(row, group, policy)));
        group = next;
      }
      return group;
    },
    clear() {
      roots.clear();
      size = 0;
    },
  };
}

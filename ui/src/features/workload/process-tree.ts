// Processes of a workload as a tree: children under parents, ended and living ones, cycles and lost parents survived. Pure.
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { Api } from "../../../../src/apps/server/contract/api.ts";

export type ProcessNode = ResponseOf<Api["workloadProcesses"]>["processes"][number];

export interface TreeRow {
  readonly node: ProcessNode;
  readonly depth: number;
  readonly children: number;
  readonly expanded: boolean;
}

/** Rows in display order, children oldest first; a collapsed process hides what is below it. */
export function treeRows(processes: readonly ProcessNode[], collapsed: ReadonlySet<string>): readonly TreeRow[] {
  const ids = new Set(processes.map(({ process }) => process.processId));
  const childrenOf = new Map<string, ProcessNode[]>();
  for (const node of processes) {
    const { processId, parentProcessId } = node.process;
    const parent = parentProcessId !== processId && ids.has(parentProcessId) ? parentProcessId : "";
    const siblings = childrenOf.get(parent) ?? [];
    siblings.push(node);
    childrenOf.set(parent, siblings);
  }
  const rows: TreeRow[] = [];
  const seen = new Set<string>();
  const visit = (nodes: readonly ProcessNode[], depth: number): void => {
    for (const node of nodes.toSorted(byStart)) {
      const { processId } = node.process;
      if (seen.has(processId)) continue;
      seen.add(processId);
      const children = childrenOf.get(processId) ?? [];
      const expanded = !collapsed.has(processId);
      rows.push({ node, depth, children: children.length, expanded });
      if (expanded) visit(children, depth + 1);
      else markSeen(children, childrenOf, seen);
    }
  };
  visit(childrenOf.get("") ?? [], 0);
  // A parent cycle has no root; its members are shown at the top rather than lost.
  visit(
    processes.filter(({ process }) => !seen.has(process.processId)),
    0,
  );
  return rows;
}

function markSeen(
  nodes: readonly ProcessNode[],
  childrenOf: ReadonlyMap<string, ProcessNode[]>,
  seen: Set<string>,
): void {
  for (const { process } of nodes) {
    if (seen.has(process.processId)) continue;
    seen.add(process.processId);
    markSeen(childrenOf.get(process.processId) ?? [], childrenOf, seen);
  }
}

function byStart(a: ProcessNode, b: ProcessNode): number {
  return a.process.startTime < b.process.startTime ? -1 : a.process.startTime > b.process.startTime ? 1 : 0;
}

/** How a process stands: running, or how it ended. */
export function processState(node: ProcessNode): { readonly text: string; readonly bad: boolean } {
  if (node.endedAt === undefined) return { text: "running", bad: false };
  if (node.signal !== undefined && node.signal > 0) return { text: `signal ${node.signal}`, bad: true };
  if (node.exitCode === undefined || node.exitCode < 0) return { text: "ended, code not seen", bad: false };
  return { text: `exit ${node.exitCode}`, bad: node.exitCode !== 0 };
}

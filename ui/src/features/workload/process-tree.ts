// Processes of a workload as a tree: children under parents, ended and living ones, cycles and lost parents survived. Pure.
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { Api } from "../../../../src/apps/server/contract/api.ts";

export type ProcessNode = ResponseOf<Api["workloadProcesses"]>["processes"][number];

export interface TreeRow {
  readonly id: string;
  /** Of a fold the newest one in it. */
  readonly node: ProcessNode;
  readonly depth: number;
  readonly children: number;
  readonly expanded: boolean;
  /** Equal ones that ended, as one row; those that ended badly are counted. */
  readonly fold?: { readonly count: number; readonly bad: number };
}

/** What a person opened and closed, by id. Processes are open and folds closed at first. */
export interface TreeChoices {
  readonly toggled: ReadonlySet<string>;
  /** A pid that must be seen: its fold is open. */
  readonly wantedPid?: number | undefined;
}

/** So many equal ones that ended are a fold; fewer say more one by one. */
export const foldFrom = 3;

/**
 * Rows in display order. Among siblings those that run come first, then the newest; equal ones that ended (one program, one parent, no
 * children) are one row. A closed row hides what is below it.
 */
export function treeRows(processes: readonly ProcessNode[], choices: TreeChoices): readonly TreeRow[] {
  const childrenOf = byParent(processes);
  const rows: TreeRow[] = [];
  const seen = new Set<string>();
  const add = (node: ProcessNode, depth: number): void => {
    const { processId } = node.process;
    if (seen.has(processId)) return;
    seen.add(processId);
    const children = childrenOf.get(processId) ?? [];
    const expanded = !choices.toggled.has(processId);
    rows.push({ id: processId, node, depth, children: children.length, expanded });
    if (expanded) visit(children, depth + 1);
    else markSeen(children, childrenOf, seen);
  };
  const visit = (nodes: readonly ProcessNode[], depth: number): void => {
    const fresh = nodes.filter(({ process }) => !seen.has(process.processId)).toSorted(byState);
    const groups = Map.groupBy(fresh, (node) => foldOf(node, childrenOf));
    for (const [id, same] of [...groups].flatMap(entriesOf).toSorted(([, [one]], [, [other]]) => byState(one, other))) {
      const [node] = same;
      if (same.length < foldFrom) {
        for (const one of same) add(one, depth);
        continue;
      }
      const isOpen = choices.toggled.has(id) || same.some(({ process }) => process.pid === choices.wantedPid);
      const bad = same.filter((one) => processState(one).bad).length;
      rows.push({ id, node, depth, children: same.length, expanded: isOpen, fold: { count: same.length, bad } });
      for (const one of same)
        if (isOpen) add(one, depth + 1);
        else seen.add(one.process.processId);
    }
  };
  visit(childrenOf.get("") ?? [], 0);
  // A parent cycle has no root; its members are shown at the top rather than lost.
  for (const node of processes.toSorted(byState)) add(node, 0);
  return rows;
}

type Group = readonly [id: string, same: readonly [ProcessNode, ...ProcessNode[]]];

/** Ones that are too few to be a fold stand each where its start puts it. */
function entriesOf([id, same]: readonly [string, readonly ProcessNode[]]): readonly Group[] {
  const [first, ...others] = same;
  if (first === undefined) return [];
  if (same.length >= foldFrom) return [[id, [first, ...others]]];
  return same.map((one): Group => [one.process.processId, [one]]);
}

/** Processes by the parent that is among them; the others under "". */
function byParent(processes: readonly ProcessNode[]): ReadonlyMap<string, readonly ProcessNode[]> {
  const ids = new Set(processes.map(({ process }) => process.processId));
  return Map.groupBy(processes, ({ process: { processId, parentProcessId } }) =>
    parentProcessId !== processId && ids.has(parentProcessId) ? parentProcessId : "",
  );
}

/** Equal for what may be folded together; a process's own id for what may not. */
function foldOf(node: ProcessNode, childrenOf: ReadonlyMap<string, readonly ProcessNode[]>): string {
  const { processId, parentProcessId, name, executable } = node.process;
  if (node.endedAt === undefined || childrenOf.has(processId)) return processId;
  return JSON.stringify([parentProcessId, name, executable]);
}

function markSeen(
  nodes: readonly ProcessNode[],
  childrenOf: ReadonlyMap<string, readonly ProcessNode[]>,
  seen: Set<string>,
): void {
  for (const { process } of nodes) {
    if (seen.has(process.processId)) continue;
    seen.add(process.processId);
    markSeen(childrenOf.get(process.processId) ?? [], childrenOf, seen);
  }
}

/** Those that run first, then the newest; pids grow within one millisecond. */
function byState(a: ProcessNode, b: ProcessNode): number {
  const ended = Number(a.endedAt !== undefined) - Number(b.endedAt !== undefined);
  return ended || Date.parse(b.process.startTime) - Date.parse(a.process.startTime) || b.process.pid - a.process.pid;
}

/** How a process stands: running, or how it ended. */
export function processState(node: ProcessNode): { readonly text: string; readonly bad: boolean } {
  if (node.endedAt === undefined) return { text: "running", bad: false };
  if (node.signal !== undefined && node.signal > 0) return { text: `signal ${node.signal}`, bad: true };
  if (node.exitCode === undefined || node.exitCode < 0) return { text: "ended, code not seen", bad: false };
  return { text: `exit ${node.exitCode}`, bad: node.exitCode !== 0 };
}

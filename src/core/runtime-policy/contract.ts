// What other parts of Garrison hand to enforcement without writing a policy: "only these executables of this workload" (a Baseline that is protecting).
// Types and one maker; the agent's guard takes the list as a whole each time and replaces the one before.
import type { ParsedRuntimePolicy, RuntimeMode, RuntimeRule } from "./model.ts";

export const allowListLimits = { executablesMax: 512, listsMax: 4096 } as const;

/** Only these programs of this workload; everything else it executes is killed (or denied where the kernel has LSM). */
export interface ExecutableAllowList {
  /** Shown in statuses, events and receipts: "baseline shop/checkout". */
  readonly name: string;
  readonly namespace: string;
  readonly workload: string;
  /** "" : every container of the workload. */
  readonly container: string;
  /** A glob; "" : every image. */
  readonly image: string;
  /** Absolute paths as processes of the workload see them; a trailing "/" stands for everything below. */
  readonly executables: readonly string[];
  readonly mode: RuntimeMode;
}

/** Where the baseline's side hands in its lists (implemented by apps/agent/guard). */
export interface AllowListTaker {
  /** Replaces all lists handed in before. Returns why a list was refused, by its name; the others hold. */
  setAllowLists(lists: readonly ExecutableAllowList[]): ReadonlyMap<string, string>;
  /** What became of the lists handed in last: the kernel is asked after `setAllowLists` has returned. */
  listsStanding(): AllowListsStanding;
}

/** "held": whoever is in scope is held by them. "pending": nobody is yet. Else why they cannot be. */
export type AllowListsStanding = "held" | "pending" | { readonly failed: string };

/** Marks what a Baseline asked for. */
export const baselineTag = "baseline";

/** The list as a policy; an empty list is refused by the caller: it would stop every exec. */
export function policyOfAllowList(list: ExecutableAllowList): ParsedRuntimePolicy {
  const shared = { action: "Allow", fromSource: [] } as const;
  const rules: RuntimeRule[] = list.executables.map((path, index) => ({
    ...shared,
    kind: "exec",
    subject: path.endsWith("/") ? { kind: "directory", path, isRecursive: true } : { kind: "path", path },
    isOwnerExempt: false,
    place: `executables[${index}]`,
  }));
  rules.push({ kind: "only", of: "exec", action: "Block", fromSource: [], place: "only these executables" });
  return {
    name: list.name,
    dialect: "baseline",
    target: {
      selector: undefined,
      namespace: list.namespace,
      workload: list.workload,
      container: list.container,
      image: list.image,
      cgroup: "",
    },
    mode: list.mode,
    rules,
    severity: undefined,
    tags: [baselineTag],
    message: "not in the baseline of this workload",
    isPinned: false,
    hold: undefined,
  };
}

/** Why the list cannot be taken, or "". */
export function allowListProblem(list: ExecutableAllowList): string {
  const { executables } = list;
  if (executables.length === 0) return "no executables: nothing could run any more";
  if (executables.length > allowListLimits.executablesMax)
    return `${executables.length} executables, more than executablesMax = ${allowListLimits.executablesMax}: use folders`;
  const wrong = executables.find((path) => !path.startsWith("/"));
  if (wrong !== undefined) return `"${wrong.slice(0, 64)}" is no absolute path`;
  if (list.workload === "" && list.namespace === "")
    return "neither namespace nor workload: it would hold for every workload of the node";
  return "";
}

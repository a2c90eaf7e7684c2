// What protecting baselines ask of the node's guard: one list of programs per workload and image name. A list is withheld while containers of another
// digest run under the same name: their programs were never learnt, and ending them would be an outage of our making.
import { allowListOf } from "../../../core/baseline/allow-list.ts";
import type { AllowListTaker, ExecutableAllowList } from "../../../core/runtime-policy/contract.ts";
import type { Baseline } from "../../../model/baseline.ts";
import type { Subject } from "../../../model/identity.ts";

export const allowListsLimits = {
  /** An image of another digest counts as running for so long after its last program began. */
  otherDigestMs: 600_000,
} as const;

export interface HeldBaseline {
  readonly scope: string;
  readonly name: string;
  readonly spec: Baseline;
}

export interface AllowLists {
  set(held: readonly HeldBaseline[], nowMs: number): void;
  /** A program of a workload began. */
  saw(subject: Subject, nowMs: number): void;
  tick(nowMs: number): void;
  /** Handed to the guard, which has not told the kernel yet. */
  isPending(held: HeldBaseline): boolean;
  /** What a node says of a baseline's enforcement; "" for one that only monitors. */
  becauseOf(held: HeldBaseline): string;
}

interface Wanted {
  readonly digests: Set<string>;
  readonly lists: ExecutableAllowList[];
  readonly names: string[];
  /** Digest of another image under this name, and until when it counts. */
  other: { readonly digest: string; readonly untilMs: number } | undefined;
}

export function createAllowLists(guard: AllowListTaker | undefined): AllowLists {
  const wanted = new Map<string, Wanted>();
  const notes = new Map<string, string>();
  const offer = () => {
    if (guard === undefined) return;
    const offered = [...wanted.values()].filter(({ other }) => other === undefined).map(mergedList);
    const refusals = guard.setAllowLists(offered);
    for (const { names, lists, other } of wanted.values()) {
      const merged = lists[0]?.name ?? "";
      for (const name of names) {
        const refusal = refusals.get(merged);
        if (other !== undefined) notes.set(name, withheld(other.digest));
        else if (refusal !== undefined) notes.set(name, `nothing is ended on this node: ${refusal}`);
        else notes.delete(name);
      }
    }
  };
  return {
    set(held) {
      wanted.clear();
      notes.clear();
      for (const { name, spec } of held) {
        const { list } = allowListOf(name, spec);
        if (list === undefined) continue;
        const key = keyOf(list);
        const entry = wanted.get(key) ?? { digests: new Set<string>(), lists: [], names: [], other: undefined };
        if (spec.target.imageDigest !== "") entry.digests.add(spec.target.imageDigest);
        entry.lists.push(list);
        entry.names.push(name);
        wanted.set(key, entry);
      }
      offer();
    },
    saw({ namespace, workload, image, imageDigest }, nowMs) {
      if (wanted.size === 0 || imageDigest === "") return;
      for (const name of new Set([image, ""])) {
        const entry = wanted.get(keyOf({ namespace, workload, image: name }));
        if (entry === undefined || entry.digests.size === 0 || entry.digests.has(imageDigest)) continue;
        const isNews = entry.other === undefined;
        entry.other = { digest: imageDigest, untilMs: nowMs + allowListsLimits.otherDigestMs };
        if (isNews) offer();
      }
    },
    tick(nowMs) {
      const over = [...wanted.values()].filter(({ other }) => other !== undefined && other.untilMs <= nowMs);
      for (const entry of over) entry.other = undefined;
      if (over.length > 0) offer();
    },
    isPending({ name, spec }) {
      const isHanded = spec.mode === "protecting" && allowListOf(name, spec).list !== undefined && !notes.has(name);
      return isHanded && guard?.listsStanding() === "pending";
    },
    becauseOf({ name, spec }) {
      if (spec.mode !== "protecting") return "";
      const { list, because } = allowListOf(name, spec);
      if (list === undefined) return `nothing is ended on this node: ${because}`;
      if (guard === undefined) return "nothing is ended on this node: it has no guard; drift is told";
      const note = notes.get(name);
      if (note !== undefined) return note;
      const standing = guard.listsStanding();
      if (typeof standing === "object") return `nothing is ended on this node: ${standing.failed}`;
      return [spec.dryRun ? "dry run: the guard tells what it would end" : "handed to the guard", because]
        .filter((part) => part !== "")
        .join("; ");
    },
  };
}

function keyOf({ namespace, workload, image }: Pick<ExecutableAllowList, "namespace" | "workload" | "image">): string {
  return `${namespace}\n${workload}\n${image}`;
}

/** Baselines of several digests under one name: what any of them learnt may run; enforced only when all are. */
function mergedList({ lists }: Wanted): ExecutableAllowList {
  const [first, ...others] = lists;
  if (first === undefined) throw new Error("a workload without lists is not kept");
  const executables = [...new Set(lists.flatMap((list) => list.executables))];
  return {
    ...first,
    executables,
    mode: [first, ...others].some(({ mode }) => mode !== "enforce") ? "dry-run" : "enforce",
  };
}

function withheld(digest: string): string {
  return `nothing is ended for now: containers of another image (${digest.slice(0, 19)}) run under the same name, and what they run was not learnt`;
}

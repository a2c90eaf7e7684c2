// Freezing and isolating running workloads: for a time, undone when it is over or nobody asks any more, and also after the agent died: what is frozen is written down.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { toFault } from "../../../base/fault.ts";
import type { CompileProblem } from "../../../core/runtime-policy/compile.ts";
import type { ParsedRuntimePolicy } from "../../../core/runtime-policy/model.ts";
import { isSelected } from "../../../core/runtime-policy/select.ts";
import type { Holder } from "./living.ts";

export interface Hold {
  /** The policy that asks for it. */
  readonly policy: string;
  readonly action: "freeze" | "isolate";
  readonly cgroupPath: string;
  readonly untilMs: number;
  readonly reason: string;
}

export interface HoldMeans {
  freeze(cgroupPath: string): void;
  /** Whether every process of it stands still by now; throws when that cannot be read. */
  isFrozen(cgroupPath: string): boolean;
  release(cgroupPath: string): void;
  isolate(cgroupPath: string): Disposable;
  /** Once for each hold, when the kernel shows that it is so; an agent that starts again does not tell it again. */
  tell(hold: Hold): void;
  /** What the agent last wrote down. */
  readonly kept: KeptHolds;
}

export interface HoldsKept {
  /** Paths that were frozen; written before anything is frozen. */
  readonly frozen: readonly string[];
  /** Holds that were told, by their whole name with their end. */
  readonly told: readonly string[];
}

export interface KeptHolds {
  read(): HoldsKept;
  write(kept: HoldsKept): void;
}

export interface Holds {
  /** Makes exactly these true; returns what could not be done. What was held before and is not wanted now is let go. */
  apply(wanted: readonly Hold[]): readonly string[];
  /** Lets go of everything because the agent ends. What was told stays told. */
  letGo(): void;
  /** Whether that is so now. */
  isHeld(hold: Hold): boolean;
}

export function createHolds(means: HoldMeans): Holds {
  const before = means.kept.read();
  const frozen = new Set(before.frozen);
  const isolated = new Map<string, Disposable>();
  /** By an earlier run of the agent. Another end is another hold, of which nobody heard. */
  const toldEarlier: ReadonlySet<string> = new Set(before.told);
  let told: ReadonlyMap<string, string> = new Map();
  let toldKept = before.told;
  const keep = (paths: Iterable<string>): void => means.kept.write({ frozen: [...paths], told: toldKept });
  function isHeld({ action, cgroupPath }: Hold): boolean {
    if (action === "isolate") return isolated.has(cgroupPath);
    let isStill = false;
    attempt([], cgroupPath, () => {
      isStill = frozen.has(cgroupPath) && means.isFrozen(cgroupPath);
    });
    return isStill;
  }
  function tellNew(wanted: readonly Hold[]): void {
    const toldNow = new Map<string, string>();
    for (const hold of wanted) {
      const name = JSON.stringify([hold.policy, hold.action, hold.cgroupPath]);
      const whole = `${name} ${hold.untilMs}`;
      const wasTold = told.has(name) || toldEarlier.has(whole);
      if (!wasTold && !isHeld(hold)) continue;
      toldNow.set(name, whole);
      if (!wasTold) means.tell(hold);
    }
    const isSame = toldNow.size === told.size && [...toldNow].every(([name, whole]) => told.get(name) === whole);
    told = toldNow;
    if (isSame) return;
    toldKept = [...toldNow.values()];
    keep(frozen);
  }
  function hold(wanted: readonly Hold[]): readonly string[] {
    const problems: string[] = [];
    const [toFreeze, toIsolate] = [pathsOf(wanted, "freeze"), pathsOf(wanted, "isolate")];
    const isNew = [...toFreeze].some((path) => !frozen.has(path));
    if (isNew) keep(new Set([...frozen, ...toFreeze]));
    for (const path of toFreeze) if (attempt(problems, path, () => means.freeze(path))) frozen.add(path);
    for (const path of frozen) {
      if (toFreeze.has(path)) continue;
      attempt([], path, () => means.release(path));
      frozen.delete(path);
      keep(frozen);
    }
    for (const path of toIsolate)
      if (!isolated.has(path)) attempt(problems, path, () => isolated.set(path, means.isolate(path)));
    for (const [path, link] of isolated) {
      if (toIsolate.has(path)) continue;
      link[Symbol.dispose]();
      isolated.delete(path);
    }
    return problems;
  }
  return {
    isHeld,
    apply(wanted) {
      const problems = hold(wanted);
      tellNew(wanted);
      return problems;
    },
    letGo: () => void hold([]),
  };
}

function attempt(problems: string[], path: string, act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    problems.push(`${path}: ${toFault(error).message}`);
    return false;
  }
}

function pathsOf(wanted: readonly Hold[], action: Hold["action"]): ReadonlySet<string> {
  return new Set(wanted.filter((one) => one.action === action).map(({ cgroupPath }) => cgroupPath));
}

/** What the policies' holds mean for the containers that live now. */
export function holdsOf(
  policies: readonly ParsedRuntimePolicy[],
  holders: readonly Holder[],
  { nowMs, cgroupMount }: { readonly nowMs: number; readonly cgroupMount: string },
): { readonly wanted: readonly Hold[]; readonly problems: readonly CompileProblem[] } {
  const wanted: Hold[] = [];
  const problems: CompileProblem[] = [];
  for (const { name, hold, mode, target } of policies) {
    if (hold === undefined || mode !== "enforce" || hold.untilMs <= nowMs) continue;
    for (const holder of holders) {
      if (
        !isSelected(target, holder.subject) ||
        (!holder.isContainer && target.cgroup === "" && target.workload === "")
      )
        continue;
      const { cgroup } = holder.subject;
      const isOwn = holder.cgroups.length > 0 && cgroup.startsWith("/") && cgroup.length > 1 && cgroupMount !== "";
      const because =
        holder.because ||
        (holder.spared.length > 0 ? `pid ${holder.spared[0] ?? 0} of it is one of the machine's care-takers` : "") ||
        (isOwn ? "" : `it has no v2 cgroup of its own: ${hold.action} would stop others too`);
      if (because === "") wanted.push({ policy: name, ...hold, cgroupPath: `${cgroupMount}${cgroup}` });
      else problems.push({ policy: name, place: `hold of ${holder.subject.workload || holder.key}`, message: because });
    }
  }
  return { wanted, problems };
}

const Kept = z.object({
  frozen: z.array(z.string().max(4096)).max(4096),
  told: z.array(z.string().max(8192)).max(4096).default([]),
});

/** In a file, written whole or not at all. A file that cannot be read names nothing: then nothing is let go that we do not know of. */
export function keptInFile(file: string): KeptHolds {
  return {
    read() {
      try {
        return Kept.parse(JSON.parse(readFileSync(file, "utf8")));
      } catch {
        return { frozen: [], told: [] };
      }
    },
    write(kept) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.tmp`, JSON.stringify(kept), { mode: 0o600 });
      renameSync(`${file}.tmp`, file);
    },
  };
}

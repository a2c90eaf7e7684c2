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
  /** Once for each hold, when the kernel shows that it is so. */
  tell(hold: Hold): void;
  /** Paths that were frozen when the agent last said so; written before anything is frozen. */
  readonly kept: KeptFrozen;
}

export interface KeptFrozen {
  read(): readonly string[];
  write(paths: readonly string[]): void;
}

export interface Holds {
  /** Makes exactly these true; returns what could not be done. What was held before and is not wanted now is let go. */
  apply(wanted: readonly Hold[]): readonly string[];
  /** Whether that is so now. */
  isHeld(hold: Hold): boolean;
}

export function createHolds(means: HoldMeans): Holds {
  const frozen = new Set(means.kept.read());
  const isolated = new Map<string, Disposable>();
  let told: ReadonlySet<string> = new Set();
  const attempt = (problems: string[], path: string, act: () => void): boolean => {
    try {
      act();
      return true;
    } catch (error) {
      problems.push(`${path}: ${toFault(error).message}`);
      return false;
    }
  };
  function isHeld({ action, cgroupPath }: Hold): boolean {
    if (action === "isolate") return isolated.has(cgroupPath);
    let isStill = false;
    attempt([], cgroupPath, () => {
      isStill = frozen.has(cgroupPath) && means.isFrozen(cgroupPath);
    });
    return isStill;
  }
  function tellNew(wanted: readonly Hold[]): void {
    const toldNow = new Set<string>();
    for (const hold of wanted) {
      const key = JSON.stringify([hold.policy, hold.action, hold.cgroupPath]);
      const wasTold = told.has(key);
      if (!wasTold && !isHeld(hold)) continue;
      toldNow.add(key);
      if (!wasTold) means.tell(hold);
    }
    told = toldNow;
  }
  return {
    isHeld,
    apply(wanted) {
      const problems: string[] = [];
      const pathsOf = (action: Hold["action"]) =>
        new Set(wanted.filter((hold) => hold.action === action).map(({ cgroupPath }) => cgroupPath));
      const [toFreeze, toIsolate] = [pathsOf("freeze"), pathsOf("isolate")];
      const isNew = [...toFreeze].some((path) => !frozen.has(path));
      if (isNew) means.kept.write([...new Set([...frozen, ...toFreeze])]);
      for (const path of toFreeze) if (attempt(problems, path, () => means.freeze(path))) frozen.add(path);
      for (const path of frozen) {
        if (toFreeze.has(path)) continue;
        attempt([], path, () => means.release(path));
        frozen.delete(path);
        means.kept.write([...frozen]);
      }
      for (const path of toIsolate)
        if (!isolated.has(path)) attempt(problems, path, () => isolated.set(path, means.isolate(path)));
      for (const [path, link] of isolated) {
        if (toIsolate.has(path)) continue;
        link[Symbol.dispose]();
        isolated.delete(path);
      }
      tellNew(wanted);
      return problems;
    },
  };
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

const Kept = z.object({ frozen: z.array(z.string().max(4096)).max(4096) });

/** In a file, written whole or not at all. A file that cannot be read names nothing: then nothing is let go that we do not know of. */
export function keptInFile(file: string): KeptFrozen {
  return {
    read() {
      try {
        return Kept.parse(JSON.parse(readFileSync(file, "utf8"))).frozen;
      } catch {
        return [];
      }
    },
    write(frozen) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.tmp`, JSON.stringify({ frozen }), { mode: 0o600 });
      renameSync(`${file}.tmp`, file);
    },
  };
}

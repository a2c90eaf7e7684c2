// The rights of each container, as its first process shows them: told when the container is new, when they change, and again in long intervals.
import { createHash } from "node:crypto";
import { podSecurityOfLive } from "../../../core/profile/posture/pod-security-live.ts";
import type { PostureFacts } from "../../../model/container-posture.ts";
import type { Subject } from "../../../model/identity.ts";
import type { Row } from "../../../model/table.ts";
import type { ContainerProcess } from "../used-files.ts";
import { usageLimits } from "./limits.ts";

export interface PostureParts {
  /** Undefined: gone, or not of this machine. */
  read(pid: number): PostureFacts | undefined;
  tell(row: Row<"container_postures">): void;
}

export interface PostureWatch {
  /** Which processes there are; the oldest of a container stands for it. */
  round(processes: Iterable<ContainerProcess>, nowMs: number): void;
  /** Looks at a few. */
  tick(nowMs: number): void;
  takeOmitted(): number;
}

interface Known {
  pid: number;
  startMs: number;
  subject: Subject;
  seenMs: number;
  readonly sinceMs: number;
  lookedMs: number;
  toldMs: number;
  digest: string;
}

export function createPostureWatch(parts: PostureParts): PostureWatch {
  const containers = new Map<string, Known>();
  let omitted = 0;

  function meet({ record, subject }: ContainerProcess, nowMs: number): void {
    const known = containers.get(subject.containerId);
    const { pid, startTimeMs: startMs } = record;
    if (known === undefined) {
      if (containers.size >= usageLimits.containersMax) {
        omitted += 1;
        return;
      }
      const never = Number.NEGATIVE_INFINITY;
      const fresh = {
        pid,
        startMs,
        subject,
        seenMs: nowMs,
        sinceMs: nowMs,
        lookedMs: never,
        toldMs: never,
        digest: "",
      };
      containers.set(subject.containerId, fresh);
      return;
    }
    known.subject = subject;
    // The oldest that lives, within this round.
    if (known.seenMs !== nowMs || startMs < known.startMs) Object.assign(known, { pid, startMs });
    known.seenMs = nowMs;
  }

  function look(known: Known, nowMs: number): void {
    known.lookedMs = nowMs;
    const facts = parts.read(known.pid);
    if (facts === undefined) return;
    const digest = digestOf(facts);
    const isFirst = known.digest === "";
    const isChanged = !isFirst && digest !== known.digest;
    const sinceToldMs = nowMs - known.toldMs;
    if (!isFirst && sinceToldMs < (isChanged ? usageLimits.changeEveryMs : usageLimits.postureAgainMs)) return;
    parts.tell(
      rowOf(facts, known.subject, { digest, nowMs, occasion: isFirst ? "first" : isChanged ? "changed" : "again" }),
    );
    known.digest = digest;
    known.toldMs = nowMs;
  }

  return {
    round(processes, nowMs) {
      for (const process of processes) meet(process, nowMs);
      for (const [id, known] of containers) if (nowMs - known.seenMs > usageLimits.goneMs) containers.delete(id);
    },
    tick(nowMs) {
      let looks = 0;
      for (const known of containers.values()) {
        if (looks >= usageLimits.looksPerTick) return;
        const isSettled = nowMs - known.sinceMs >= usageLimits.settleMs;
        if (!isSettled || nowMs - known.lookedMs < usageLimits.lookEveryMs) continue;
        looks += 1;
        look(known, nowMs);
      }
    },
    takeOmitted: () => {
      const count = omitted;
      omitted = 0;
      return count;
    },
  };
}

/** The same for the same rights: which process stands for the container and what comes and goes by itself is left out. */
export function digestOf({ pid: _pid, name: _name, ...facts }: PostureFacts): string {
  return createHash("sha256")
    .update(JSON.stringify(facts).replaceAll(/\/proc\/\d+/g, "/proc/PID"))
    .digest("hex")
    .slice(0, 16);
}

const seccompModes = ["none", "strict", "filter"] as const;

function rowOf(
  facts: PostureFacts,
  subject: Subject,
  about: { readonly digest: string; readonly nowMs: number; readonly occasion: Row<"container_postures">["occasion"] },
): Row<"container_postures"> {
  return {
    time: about.nowMs,
    occasion: about.occasion,
    level: podSecurityOfLive(facts).level,
    pid: facts.pid,
    uid: facts.uid.effective,
    capabilities: [...facts.capabilities.effective],
    noNewPrivileges: facts.noNewPrivileges,
    seccomp: seccompModes[facts.seccompMode] ?? "",
    appArmor: facts.appArmor,
    digest: about.digest,
    facts: JSON.stringify(facts),
    ...subject,
    fidelity: "polled",
  };
}

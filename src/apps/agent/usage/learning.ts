// Learning on this node: finds containers, has the kernel watch those that are wanted, and tells what they used. Attached only while somebody is learnt.
import { inferFromCall, inferFromDeed } from "../../../core/profile/infer-capabilities.ts";
import type { Architecture } from "../../../core/profile/system-calls.ts";
import type { Learner } from "../../../core/sense/learner.ts";
import type { ExecEvent, SensorEvent } from "../../../core/sense/sensor.ts";
import type { Subject } from "../../../model/identity.ts";
import type { Capability } from "../../../model/node.ts";
import type { Row } from "../../../model/table.ts";
import type { ContainerProcess } from "../used-files.ts";
import { LearntContainer } from "./learnt-container.ts";
import { usageLimits } from "./limits.ts";
import type { LearningPlan } from "./windows.ts";

export interface LearningParts {
  readonly plan: LearningPlan;
  /** Undefined: this machine's calls have no table of ours. */
  readonly architecture: Architecture | undefined;
  /** Throws a Fault when the kernel refuses. */
  open(): Learner;
  /** 0 when it is gone or may not be looked at. */
  mountNamespaceOf(pid: number): number;
  /** Of the host; 0 when it is not known. */
  readonly hostMountNamespace: number;
  tell(row: Row<"workload_usage">): void;
  /** Whose process it is; undefined: of no container. */
  subjectOf(event: SensorEvent): Subject | undefined;
  failed(error: unknown): void;
}

export interface Learning {
  /** Looks at containers' processes; call after `roundMs`. */
  round(processes: Iterable<ContainerProcess>, nowMs: number): void;
  /** Reads what the kernel keeps and tells it. */
  flush(nowMs: number): void;
  take(events: readonly SensorEvent[], nowMs: number): void;
  readonly capabilities: readonly Capability[];
  /** Containers that found no room, since the last call. */
  takeOmitted(): number;
  close(nowMs: number): void;
}

export function createLearning(parts: LearningParts): Learning {
  return new NodeLearning(parts);
}

class NodeLearning implements Learning {
  readonly #parts: LearningParts;
  readonly #containers = new Map<string, LearntContainer>();
  #learner: Learner | undefined;
  #refusedMs = Number.NEGATIVE_INFINITY;
  #because = "";
  #isLearning = false;
  #lostTold = 0;
  #omitted = 0;

  constructor(parts: LearningParts) {
    this.#parts = parts;
    if (parts.architecture === undefined)
      this.#because = "not on this machine: no table of its system calls, or told to load nothing";
  }

  get capabilities(): readonly Capability[] {
    if (this.#learner !== undefined) return this.#learner.capabilities;
    // Not asked yet is no refusal.
    return this.#because === "" ? [] : [{ name: "learn-calls", available: false, because: this.#because }];
  }

  round(processes: Iterable<ContainerProcess>, nowMs: number): void {
    for (const { record, subject } of processes) {
      const container = this.#containers.get(subject.containerId) ?? this.#meet(record.pid, subject, nowMs);
      if (container === undefined) continue;
      container.subject = subject;
      container.seenMs = nowMs;
    }
    let isAnyWanted = false;
    for (const [id, container] of this.#containers) {
      if (nowMs - container.seenMs > usageLimits.goneMs) {
        this.#containers.delete(id);
        // Its number may be another container's by now.
        const isTaken = [...this.#containers.values()].some((one) => one.mountNamespace === container.mountNamespace);
        if (!isTaken) this.#learner?.forget(container.mountNamespace);
        continue;
      }
      container.isWanted = this.#parts.plan.wants(container.subject, nowMs);
      isAnyWanted ||= container.isWanted;
    }
    this.#setLearning(isAnyWanted || this.#parts.plan.expectsStarts(nowMs), nowMs);
    this.#watchWanted(nowMs);
  }

  #meet(pid: number, subject: Subject, nowMs: number): LearntContainer | undefined {
    const { architecture, hostMountNamespace } = this.#parts;
    if (architecture === undefined) return undefined;
    const mountNamespace = this.#parts.mountNamespaceOf(pid);
    // Gone, still the runtime's own process, or a container without a namespace of its own: nothing to tell it apart by.
    if (mountNamespace === 0 || mountNamespace === hostMountNamespace) return undefined;
    return this.#remember(mountNamespace, subject, nowMs);
  }

  #remember(mountNamespace: number, subject: Subject, nowMs: number): LearntContainer | undefined {
    const { architecture } = this.#parts;
    if (architecture === undefined) return undefined;
    if (this.#containers.size >= usageLimits.containersMax) {
      this.#omitted += 1;
      return undefined;
    }
    const container = new LearntContainer(mountNamespace, subject, { architecture, nowMs });
    this.#containers.set(subject.containerId, container);
    return container;
  }

  #setLearning(isWanted: boolean, nowMs: number): void {
    if (isWanted && this.#learner === undefined) this.#open(nowMs);
    if (this.#learner === undefined || isWanted === this.#isLearning) return;
    try {
      this.#learner.setLearnNew(isWanted);
      this.#learner.setLearning(isWanted);
      this.#isLearning = isWanted;
    } catch (error) {
      this.#refuse(error, nowMs);
    }
  }

  #open(nowMs: number): void {
    if (this.#parts.architecture === undefined || nowMs - this.#refusedMs < usageLimits.retryMs) return;
    try {
      this.#learner = this.#parts.open();
      this.#because = "";
    } catch (error) {
      this.#refuse(error, nowMs);
    }
  }

  #refuse(error: unknown, nowMs: number): void {
    this.#refusedMs = nowMs;
    this.#because = error instanceof Error ? error.message : String(error);
    this.#isLearning = false;
    this.#learner?.close();
    this.#learner = undefined;
    this.#parts.failed(error);
  }

  #watchWanted(nowMs: number): void {
    if (this.#learner === undefined) return;
    for (const container of this.#containers.values()) {
      const isLearnt = this.#isLearning && container.isWanted;
      if (isLearnt && !this.#learner.watch(container.mountNamespace)) this.#omitted += 1;
      container.setLearning(isLearnt, nowMs);
    }
  }

  take(events: readonly SensorEvent[], nowMs: number): void {
    for (const event of events) {
      if (event.type === "exec" || event.type === "running") this.#takeExec(event, nowMs);
      else if (event.type === "call") this.#infer(event, inferFromCall(event));
      else if (event.type === "file") this.#infer(event, inferFromDeed(event));
    }
  }

  /** By the exec itself: a container that lives for less than a round is known too. */
  #takeExec(event: ExecEvent, nowMs: number): void {
    const mountNamespace = event.facts?.mountNamespace ?? 0;
    const subject = this.#parts.subjectOf(event);
    if (subject === undefined) return;
    const isOwn = mountNamespace !== 0 && mountNamespace !== this.#parts.hostMountNamespace;
    const known = this.#containers.get(subject.containerId);
    const container = known ?? (isOwn ? this.#remember(mountNamespace, subject, nowMs) : undefined);
    if (container === undefined) return;
    container.seenMs = nowMs;
    // In the container's group, and still in the host's mounts: the runtime itself.
    if (event.path !== "" && mountNamespace === container.mountNamespace) container.run(event.path);
  }

  #infer(event: SensorEvent, capability: string): void {
    if (capability === "") return;
    const subject = this.#parts.subjectOf(event);
    const container = subject === undefined ? undefined : this.#containers.get(subject.containerId);
    // Runtimes do privileged things in the container's group before its program begins, and whoever is gone cannot be told from them.
    if (container === undefined || this.#parts.mountNamespaceOf(event.process.pid) !== container.mountNamespace) return;
    container.infer(capability);
  }

  flush(nowMs: number): void {
    if (this.#learner === undefined || !this.#isLearning) return;
    const byNamespace = new Map([...this.#containers.values()].map((one) => [one.mountNamespace, one] as const));
    for (const scope of this.#learner.read()) {
      const container = byNamespace.get(scope.mountNamespace);
      if (container === undefined) continue;
      // A start that was watched is told even if nobody has asked for the container by then.
      if (!container.isWanted && !this.#parts.plan.wants(container.subject, nowMs)) continue;
      container.setLearning(true, nowMs);
      const row = container.row(scope, nowMs);
      if (row !== undefined) this.#parts.tell(row);
    }
  }

  takeOmitted(): number {
    const lost = this.#learner?.lost() ?? this.#lostTold;
    const count = this.#omitted + Math.max(0, lost - this.#lostTold);
    this.#omitted = 0;
    this.#lostTold = lost;
    return count;
  }

  close(nowMs: number): void {
    this.flush(nowMs);
    this.#learner?.close();
    this.#learner = undefined;
    this.#isLearning = false;
  }
}

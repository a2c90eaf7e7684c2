// Whose is it? Processes to subjects and flow reporters, cached; containers that the runtime has not named yet, and pods that the server has
// not told of yet, are amended when they do.
import type { ContainerDirectory } from "../../core/process/container-directory.ts";
import type { CgroupIdentity } from "../../core/process/cgroup-path.ts";
import type { Attribution, ProcessTable } from "../../core/process/process-table.ts";
import { containerToAsk, subjectOf } from "../../core/process/subject.ts";
import { lateIdentityLimits } from "../../core/process/late-identity.ts";
import type { AddressBook } from "../../core/directory/address-book.ts";
import { podOf, completeSubject } from "../../core/directory/refine-subject.ts";
import type { FlowReporter } from "../../core/flow/flow-entry.ts";
import type { ProcessKey } from "../../core/sense/sensor.ts";
import type { Fidelity, Subject } from "../../model/identity.ts";
import { agentLimits } from "./config.ts";

/** A subject that may become known a little later. */
export interface SubjectCell {
  /** As it is known by now. */
  readonly subject: Subject;
  /** Whether it is worth waiting for more within the hold time. */
  readonly isPending: boolean;
  /** "" when it is no container. */
  readonly containerId: string;
}

export interface Subjects {
  cellOf(process: ProcessKey): SubjectCell;
  /** The reporter of the process's flows, from the cache when it has not changed. */
  reporterOf(process: ProcessKey, comm: string): FlowReporter;
  /** The process became another program or another group, or ended: its reporter is made anew. */
  forget(process: ProcessKey): void;
  readonly unknown: number;
}

export interface SubjectsOptions {
  readonly table: ProcessTable;
  readonly fidelity: Fidelity;
  /** The node's container runtime; undefined with the reason when there is none. */
  readonly containers: ContainerDirectory | undefined;
  readonly containersBecause: string;
  /** Who is who in the cluster, as the server tells it. */
  readonly book?: AddressBook | undefined;
  readonly nowMs: () => number;
  /** A container's subject is now known (or known to be unknown). */
  readonly onSettled: () => void;
}

/** One per cgroup. The inventory's word is taken at the next look after it came: nobody has to find the cells that it concerns. */
class Cell implements SubjectCell {
  readonly containerId: string;
  readonly #podUid: string;
  readonly #book: AddressBook | undefined;
  readonly #nowMs: () => number;
  readonly #sinceMs: number;
  #ofNode: Subject;
  #subject: Subject;
  #revision = -1;
  /** Waits for the container runtime. */
  isAsking: boolean;
  #isAwaited = false;

  constructor(
    answer: { subject: Subject; isPending: boolean },
    cgroup: CgroupIdentity,
    containerId: string,
    options: SubjectsOptions,
  ) {
    this.containerId = containerId;
    this.#podUid = cgroup.podUid;
    this.#book = options.book;
    this.#nowMs = options.nowMs;
    this.#sinceMs = options.nowMs();
    this.#ofNode = answer.subject;
    this.#subject = answer.subject;
    this.isAsking = answer.isPending;
  }

  get subject(): Subject {
    if (this.#book !== undefined && this.#book.revision !== this.#revision) this.#refine(this.#book);
    return this.#subject;
  }

  get isPending(): boolean {
    if (this.isAsking) return true;
    if (this.#book === undefined) return false;
    if (this.#book.revision !== this.#revision) this.#refine(this.#book);
    const nowMs = this.#nowMs();
    return this.#isAwaited && nowMs - this.#sinceMs < lateIdentityLimits.holdMsMax && this.#book.mayCome(nowMs);
  }

  /** The runtime's answer. */
  amend(subject: Subject): void {
    this.#ofNode = subject;
    this.#subject = subject;
    this.isAsking = false;
    this.#revision = -1;
  }

  #refine(book: AddressBook): void {
    this.#revision = book.revision;
    const subject = this.#ofNode;
    const pod = podOf(book, { subject, podUid: this.#podUid, timeMs: this.#nowMs() });
    this.#isAwaited = pod === undefined && (this.#podUid !== "" || subject.pod !== "");
    // A pod that is no more in the directory stays who it was.
    if (pod !== undefined) this.#subject = completeSubject(subject, pod);
  }
}

export function createSubjects(options: SubjectsOptions): Subjects {
  return new CachedSubjects(options);
}

interface KnownReporter {
  readonly startMs: number;
  readonly cgroup: CgroupIdentity;
  readonly reporter: FlowReporter;
}

class CachedSubjects implements Subjects {
  unknown = 0;
  readonly #options: SubjectsOptions;
  readonly #cells = new WeakMap<CgroupIdentity, Cell>();
  readonly #pending = new Map<string, Cell>();
  readonly #reporters = new Map<number, KnownReporter>();

  constructor(options: SubjectsOptions) {
    this.#options = options;
  }

  cellOf(process: ProcessKey): SubjectCell {
    const attribution = this.#options.table.attribute(process);
    let cell = this.#cells.get(attribution.cgroup);
    if (cell === undefined) {
      cell = this.#makeCell(attribution);
      this.#cells.set(attribution.cgroup, cell);
    }
    return cell;
  }

  reporterOf(process: ProcessKey, comm: string): FlowReporter {
    const { table } = this.#options;
    const { cgroup } = table.attribute(process);
    const known = this.#reporters.get(process.pid);
    if (known !== undefined && known.startMs === process.startMs && known.cgroup === cgroup) return known.reporter;
    const reporter = this.#makeReporter(process, comm);
    if (this.#reporters.size >= agentLimits.reportersMax) this.#reporters.clear();
    this.#reporters.set(process.pid, { startMs: process.startMs, cgroup, reporter });
    return reporter;
  }

  forget(process: ProcessKey): void {
    this.#reporters.delete(process.pid);
  }

  #makeCell(attribution: Attribution): Cell {
    const { containers, containersBecause } = this.#options;
    const containerId = containerToAsk(attribution);
    const asked = containerId === "" ? undefined : this.#pending.get(containerId);
    if (asked !== undefined) return asked;
    const lookup = containerId === "" ? undefined : containers?.lookup(containerId);
    const answer = subjectOf(attribution, lookup, containersBecause);
    const cell = new Cell(answer, attribution.cgroup, containerId, this.#options);
    if (cell.subject.identityReason !== "") this.unknown += 1;
    if (!answer.isPending || containers === undefined) return cell;
    this.#pending.set(containerId, cell);
    for (const oldest of this.#pending.keys()) {
      if (this.#pending.size <= agentLimits.cgroupsMax) break;
      this.#pending.delete(oldest);
    }
    void this.#amend(cell, attribution, containers);
    return cell;
  }

  async #amend(cell: Cell, attribution: Attribution, directory: ContainerDirectory): Promise<void> {
    const lookup = await directory.resolve(cell.containerId);
    cell.amend(subjectOf(attribution, lookup, this.#options.containersBecause).subject);
    this.#pending.delete(cell.containerId);
    // Not known now: the next process of the container asks again (the directory limits how often the runtime is really asked).
    if (lookup.state !== "known") this.#cells.delete(attribution.cgroup);
    this.#options.onSettled();
  }

  #makeReporter(process: ProcessKey, comm: string): FlowReporter {
    const { table, fidelity } = this.#options;
    const record = table.find(process);
    const cell = this.cellOf(process);
    const name = record?.name === undefined || record.name === "" ? comm : record.name;
    const executable = record?.executable ?? "";
    const { namespace, workload, container } = cell.subject;
    return {
      key: `${namespace}/${workload}/${cell.containerId}/${container}/${name}/${executable}`,
      pid: process.pid,
      process: name,
      executable,
      fidelity,
      get subject() {
        return cell.subject;
      },
    };
  }
}

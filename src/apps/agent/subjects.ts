// Whose is it? Processes to subjects and flow reporters, cached; containers that the runtime has not named yet are amended when it does.
import type { ContainerDirectory } from "../../core/process/container-directory.ts";
import type { CgroupIdentity } from "../../core/process/cgroup-path.ts";
import type { Attribution, ProcessTable } from "../../core/process/process-table.ts";
import { containerToAsk, subjectOf } from "../../core/process/subject.ts";
import type { FlowReporter } from "../../core/flow/flow-entry.ts";
import type { ProcessKey } from "../../core/sense/sensor.ts";
import type { Fidelity, Subject } from "../../model/identity.ts";
import { agentLimits } from "./config.ts";

/** A subject that may become known a little later. */
export interface SubjectCell {
  subject: Subject;
  isPending: boolean;
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
  /** A container's subject is now known (or known to be unknown). */
  readonly onSettled: (containerId: string) => void;
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
  readonly #cells = new WeakMap<CgroupIdentity, SubjectCell>();
  readonly #pending = new Map<string, SubjectCell>();
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

  #makeCell(attribution: Attribution): SubjectCell {
    const { containers, containersBecause } = this.#options;
    const containerId = containerToAsk(attribution);
    const asked = containerId === "" ? undefined : this.#pending.get(containerId);
    if (asked !== undefined) return asked;
    const lookup = containerId === "" ? undefined : containers?.lookup(containerId);
    const answer = subjectOf(attribution, lookup, containersBecause);
    const cell: SubjectCell = { ...answer, containerId };
    if (answer.subject.identityReason !== "") this.unknown += 1;
    if (!cell.isPending || containers === undefined) return cell;
    this.#pending.set(containerId, cell);
    for (const oldest of this.#pending.keys()) {
      if (this.#pending.size <= agentLimits.cgroupsMax) break;
      this.#pending.delete(oldest);
    }
    void this.#amend(cell, attribution, containers);
    return cell;
  }

  async #amend(cell: SubjectCell, attribution: Attribution, directory: ContainerDirectory): Promise<void> {
    const lookup = await directory.resolve(cell.containerId);
    cell.subject = subjectOf(attribution, lookup, this.#options.containersBecause).subject;
    cell.isPending = false;
    this.#pending.delete(cell.containerId);
    // Not known now: the next process of the container asks again (the directory limits how often the runtime is really asked).
    if (lookup.state !== "known") this.#cells.delete(attribution.cgroup);
    this.#options.onSettled(cell.containerId);
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

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
  const { table, containers, fidelity } = options;
  const cells = new WeakMap<CgroupIdentity, SubjectCell>();
  const byContainer = new Map<string, SubjectCell>();
  const reporters = new Map<
    number,
    { readonly startMs: number; readonly cgroup: CgroupIdentity; readonly reporter: FlowReporter }
  >();
  let unknown = 0;

  function makeCell(process: ProcessKey): SubjectCell {
    const attribution = table.attribute(process);
    const containerId = containerToAsk(attribution);
    const known = containerId === "" ? undefined : byContainer.get(containerId);
    if (known !== undefined) return known;
    const answer = subjectOf(
      attribution,
      containerId === "" ? undefined : containers?.lookup(containerId),
      options.containersBecause,
    );
    const cell: SubjectCell = { ...answer, containerId };
    if (answer.subject.identityReason !== "") unknown += 1;
    if (!cell.isPending || containers === undefined) return cell;
    remember(containerId, cell);
    void amend(cell, attribution, containers);
    return cell;
  }

  async function amend(cell: SubjectCell, attribution: Attribution, directory: ContainerDirectory): Promise<void> {
    const lookup = await directory.resolve(cell.containerId);
    cell.subject = subjectOf(attribution, lookup, options.containersBecause).subject;
    cell.isPending = false;
    byContainer.delete(cell.containerId);
    // Not known now: the next process of the container asks again (the directory limits how often the runtime is really asked).
    if (lookup.state !== "known") cells.delete(attribution.cgroup);
    options.onSettled(cell.containerId);
  }

  function remember(containerId: string, cell: SubjectCell): void {
    byContainer.set(containerId, cell);
    for (const oldest of byContainer.keys()) {
      if (byContainer.size <= agentLimits.cgroupsMax) break;
      byContainer.delete(oldest);
    }
  }

  function cellOf(process: ProcessKey): SubjectCell {
    const { cgroup } = table.attribute(process);
    let cell = cells.get(cgroup);
    if (cell === undefined) {
      cell = makeCell(process);
      cells.set(cgroup, cell);
    }
    return cell;
  }

  return {
    get unknown() {
      return unknown;
    },
    cellOf,
    reporterOf(process, comm) {
      const { cgroup } = table.attribute(process);
      const known = reporters.get(process.pid);
      if (known !== undefined && known.startMs === process.startMs && known.cgroup === cgroup) return known.reporter;
      const record = table.find(process);
      const cell = cellOf(process);
      const name = record?.name === undefined || record.name === "" ? comm : record.name;
      const executable = record?.executable ?? "";
      const { namespace, workload, container, containerId } = cell.subject;
      const reporter: FlowReporter = {
        key: `${namespace}/${workload}/${cell.containerId || containerId}/${container}/${name}/${executable}`,
        pid: process.pid,
        process: name,
        executable,
        fidelity,
        get subject() {
          return cell.subject;
        },
      };
      if (reporters.size >= agentLimits.reportersMax) reporters.clear();
      reporters.set(process.pid, { startMs: process.startMs, cgroup, reporter });
      return reporter;
    },
    forget(process) {
      reporters.delete(process.pid);
    },
  };
}

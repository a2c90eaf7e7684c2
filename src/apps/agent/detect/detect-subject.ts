// In whose name a process is judged: its workload, and what the runtime and the kernel say of its container.
import type { ContainerMount, DetectSubject } from "../../../core/detect/contract.ts";
import type { ContainerDirectory, ContainerInfo } from "../../../core/process/container-directory.ts";
import type { ProcessRecord } from "../../../core/process/process-table.ts";
import type { SubjectCell } from "../subjects.ts";
import { detectLimits } from "./limits.ts";

/** Capabilities 0 to 37, which every kernel with BPF has: a runtime gives all of them to privileged containers only. */
const everyCapability = 2 ** 38 - 1;

export type DetectSubjectOf = (cell: SubjectCell, record: ProcessRecord | undefined) => DetectSubject;

/** Remembers which containers had every capability once: their other processes may have dropped them. */
export function createDetectSubjects(containers: ContainerDirectory | undefined): DetectSubjectOf {
  const privileged = new Set<string>();
  return (cell, record) => {
    const { subject, isPending } = cell;
    const { containerId } = subject;
    if (containerId === "") return { subject, isPending, isContainer: false };
    const permitted = record?.facts?.capabilitiesPermitted;
    if (permitted !== undefined && permitted % (everyCapability + 1) === everyCapability) {
      if (privileged.size >= detectLimits.privilegedMax) privileged.clear();
      privileged.add(containerId);
    }
    const lookup = containers?.lookup(containerId);
    const container = lookup?.state === "known" ? lookup.container : undefined;
    return {
      subject,
      isPending,
      isContainer: true,
      ...(permitted === undefined ? {} : { isPrivileged: privileged.has(containerId) }),
      ...(container?.mounts === undefined ? {} : { mounts: container.mounts.map(mountOf) }),
      ...(container?.startedMs === undefined ? {} : { startedMs: container.startedMs }),
    };
  };
}

function mountOf({
  source,
  destination,
  isWritable,
  propagation,
}: NonNullable<ContainerInfo["mounts"]>[number]): ContainerMount {
  return { source, destination, mode: isWritable ? "rw" : "ro", isWritable, propagation };
}

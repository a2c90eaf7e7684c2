// From an attributed process (and, for containers, what the runtime says) to the subject columns that every event carries.
// Promise: what is not known is empty with an identityReason; a guess is never shown as a fact.
import type { Subject } from "../../model/identity.ts";
import type { CgroupIdentity } from "./cgroup-path.ts";
import type { ContainerInfo, ContainerLookup } from "./container-directory.ts";
import type { Attribution } from "./process-table.ts";

/** What stands in `namespace` for everything that is not in Kubernetes. */
export const hostNamespace = "host";
/** Length of a container id where it stands in for a name, as runtimes' own tools show it. */
const shortIdLength = 12;

/** Nobody yet: whoever fills it says who, or why not. */
export const emptySubject: Subject = {
  namespace: "",
  workload: "",
  workloadKind: "Unknown",
  service: "",
  pod: "",
  container: "",
  containerId: "",
  image: "",
  imageDigest: "",
  identityReason: "",
};

export interface SubjectAnswer {
  readonly subject: Subject;
  /** True when the runtime was not asked yet: the subject may be amended within the hold time. */
  readonly isPending: boolean;
}

/** `lookup` is the runtime's answer for a container, undefined when there is no runtime to ask (then `runtimeReason` says why). */
export function subjectOf(
  attribution: Attribution,
  lookup: ContainerLookup | undefined,
  runtimeReason = "no container runtime to ask",
): SubjectAnswer {
  const { cgroup } = attribution;
  if (cgroup.kind !== "container") return { subject: subjectOutsideContainers(cgroup), isPending: false };
  if (lookup?.state === "known") return { subject: subjectOfContainer(cgroup, lookup.container), isPending: false };
  if (lookup?.state === "not-asked") {
    return { subject: subjectOfUnknownContainer(cgroup, "runtime not asked yet"), isPending: true };
  }
  return { subject: subjectOfUnknownContainer(cgroup, lookup?.reason ?? runtimeReason), isPending: false };
}

/** The container id to ask the runtime about, or "" when there is nothing to ask. */
export function containerToAsk(attribution: Attribution): string {
  return attribution.cgroup.kind === "container" && attribution.cgroup.runtime !== "lxc"
    ? attribution.cgroup.containerId
    : "";
}

function subjectOfContainer(cgroup: CgroupIdentity, info: ContainerInfo): Subject {
  const inKubernetes = info.podName !== "";
  return {
    ...emptySubject,
    namespace: inKubernetes ? info.namespace : hostNamespace,
    workload: inKubernetes ? info.workload : info.name,
    workloadKind: inKubernetes ? info.workloadKind : "Container",
    pod: info.podName,
    container: info.name,
    containerId: cgroup.containerId,
    image: info.image,
    imageDigest: info.imageDigest,
  };
}

/** In Kubernetes the namespace stays empty (it is some namespace, not "host"); elsewhere the id alone names the workload. */
function subjectOfUnknownContainer(cgroup: CgroupIdentity, reason: string): Subject {
  const shortId = cgroup.runtime === "lxc" ? cgroup.containerId : cgroup.containerId.slice(0, shortIdLength);
  if (cgroup.podUid !== "") {
    return { ...emptySubject, container: shortId, containerId: cgroup.containerId, identityReason: reason };
  }
  return {
    ...emptySubject,
    namespace: hostNamespace,
    workload: shortId,
    workloadKind: "Container",
    container: shortId,
    containerId: cgroup.containerId,
    identityReason: cgroup.runtime === "lxc" ? "" : reason,
  };
}

function subjectOutsideContainers(cgroup: CgroupIdentity): Subject {
  switch (cgroup.kind) {
    case "systemd-unit":
      return { ...emptySubject, namespace: hostNamespace, workload: unitName(cgroup), workloadKind: "SystemdUnit" };
    case "session":
      return { ...emptySubject, namespace: hostNamespace, workload: sessionName(cgroup), workloadKind: "Session" };
    case "host":
      return {
        ...emptySubject,
        namespace: hostNamespace,
        workload: "host",
        workloadKind: "Host",
        identityReason: cgroup.reason,
      };
    case "pod":
      return { ...emptySubject, identityReason: cgroup.reason };
    case "unknown":
    case "container":
      return { ...emptySubject, identityReason: cgroup.reason };
  }
}

/** "nginx.service", or "app.service (1000)" for a unit of a user's manager. */
function unitName(cgroup: CgroupIdentity): string {
  return cgroup.uid < 0 ? cgroup.unit : `${cgroup.unit} (${cgroup.uid})`;
}

function sessionName(cgroup: CgroupIdentity): string {
  return cgroup.uid < 0 ? `session-${cgroup.session}` : `session-${cgroup.session} (${cgroup.uid})`;
}

// Whom a policy is for.
import { matches } from "../policy/selector/matches.ts";
import type { RuntimeSubject, RuntimeTarget } from "./model.ts";
import { globMatches } from "./rules-of.ts";

/** Namespaces whose workloads no runtime policy stops: without them the node or the cluster does not work. */
export const protectedNamespaces: ReadonlySet<string> = new Set([
  "kube-system",
  "kube-node-lease",
  "kube-public",
  "garrison",
]);

/** File names of the machine's own care-takers: what is held to be one is decided by whose file it is as well (agent/guard/caretaker.ts). */
export const protectedPrograms: ReadonlySet<string> = new Set([
  "systemd",
  "init",
  "kubelet",
  "containerd",
  "containerd-shim",
  "containerd-shim-runc-v2",
  "dockerd",
  "crio",
  "conmon",
  "podman",
  "runc",
  "crun",
  "k3s",
  "rke2",
  "sshd",
  "sshd-session",
]);

/** Everything that the target names holds. A target that names nothing selects every workload in a container. */
export function isSelected(target: RuntimeTarget, subject: RuntimeSubject): boolean {
  if (protectedNamespaces.has(subject.namespace)) return false;
  if (target.namespace !== "" && target.namespace !== subject.namespace) return false;
  if (target.workload !== "" && target.workload !== subject.workload) return false;
  if (target.container !== "" && target.container !== subject.container) return false;
  if (target.image !== "" && !globMatches(target.image, subject.image)) return false;
  if (target.cgroup !== "" && !isBelow(target.cgroup, subject.cgroup)) return false;
  return target.selector === undefined || matches(target.selector, subject.labels);
}

function isBelow(wanted: string, cgroup: string): boolean {
  const folder = wanted.replace(/\/+$/, "");
  return cgroup === folder || cgroup.startsWith(`${folder}/`);
}

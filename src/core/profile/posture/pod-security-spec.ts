// The Pod Security Standards on what a pod declares: the controls of Kubernetes 1.36. Source: kubernetes.io, "Pod Security Standards".
import type { PodSecurityResult, PodSecurityViolation } from "../../../model/posture.ts";
import { capabilityName } from "../capabilities.ts";
import type { Declared } from "./layer-input.ts";
import { safeSysctls } from "./safe-sysctls.ts";

/** Which a container may add in baseline. */
export const baselineCapabilities: readonly string[] = [
  "audit_write",
  "chown",
  "dac_override",
  "fowner",
  "fsetid",
  "kill",
  "mknod",
  "net_bind_service",
  "setfcap",
  "setgid",
  "setpcap",
  "setuid",
  "sys_chroot",
];
export const seLinuxTypes: readonly string[] = [
  "container_t",
  "container_init_t",
  "container_kvm_t",
  "container_engine_t",
];
const restrictedVolumes: readonly string[] = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

type Violations = PodSecurityViolation[];

function baseline(control: string, detail: string): PodSecurityViolation {
  return { control, level: "baseline", detail };
}

function restricted(control: string, detail: string): PodSecurityViolation {
  return { control, level: "restricted", detail };
}

/** Level and reasons of a pod with these containers; each with its pod's part. An empty list: unknown. */
export function podSecurityOfSpec(containers: readonly Declared[]): PodSecurityResult {
  const [first] = containers;
  if (first === undefined)
    return { level: "unknown", violations: [], unknown: [{ control: "all", because: "no container is known" }] };
  const found = [
    ...podControls(first),
    ...containers.flatMap((one) => [...baselineControls(one), ...restrictedControls(one)]),
  ];
  const violations = [...new Map(found.map((one) => [`${one.control} ${one.level} ${one.detail}`, one])).values()];
  return { level: levelOf(violations), violations, unknown: [] };
}

export function levelOf(violations: readonly PodSecurityViolation[]): "privileged" | "baseline" | "restricted" {
  if (violations.some(({ level }) => level === "baseline")) return "privileged";
  return violations.length > 0 ? "baseline" : "restricted";
}

function podControls({ pod, hostNetwork }: Declared): Violations {
  const shared = [hostNetwork ? "hostNetwork" : "", pod.hostPid ? "hostPID" : "", pod.hostIpc ? "hostIPC" : ""].filter(
    (name) => name !== "",
  );
  const hostPaths = pod.volumes.filter(({ type }) => type === "hostPath");
  const unsafe = pod.sysctls.filter(({ name }) => !safeSysctls.has(name.replaceAll("/", ".")));
  const volumes = pod.volumes.filter(({ type }) => !restrictedVolumes.includes(type));
  return [
    ...shared.map((name) => baseline("Host Namespaces", `${name}: true`)),
    ...hostPaths.map(({ name, hostPath }) => baseline("HostPath Volumes", `volume ${name} is ${hostPath}`)),
    ...unsafe.map(({ name }) => baseline("Sysctls", `${name} is not of the safe set`)),
    ...volumes.map(({ name, type }) => restricted("Volume Types", `volume ${name} is of type ${type}`)),
  ];
}

function baselineControls({ pod, container }: Declared): Violations {
  const added = container.capabilitiesAdded.map(capabilityName).filter((name) => !baselineCapabilities.includes(name));
  const profiles = { Seccomp: [pod.seccomp, container.seccomp], AppArmor: [pod.appArmor, container.appArmor] } as const;
  const unconfined = Object.entries(profiles).filter(([, both]) => both.some(({ type }) => type === "Unconfined"));
  // A pod in a user namespace of its own may have its /proc unmasked.
  const isUnmasked = container.procMount !== "" && container.procMount !== "Default";
  return [
    ...(pod.hostProcess || container.hostProcess ? [baseline("HostProcess", "a process of the Windows host")] : []),
    ...(container.privileged ? [baseline("Privileged Containers", "privileged: true")] : []),
    ...added.map((name) => baseline("Capabilities", `adds ${name.toUpperCase()}`)),
    ...container.hostPorts.map((port) => baseline("Host Ports", `hostPort ${port}`)),
    ...container.probeHosts.map((host) => baseline("Host Probes / Lifecycle Hooks", `host ${host}`)),
    ...unconfined.map(([control]) => baseline(control, "Unconfined")),
    ...[pod.seLinux, container.seLinux].flatMap((options) => seLinuxViolations(options)),
    ...(isUnmasked && pod.hostUsers !== false ? [baseline("/proc Mount Type", container.procMount)] : []),
  ];
}

function seLinuxViolations(options: Declared["pod"]["seLinux"]): Violations {
  if (options === undefined) return [];
  return [
    ...(options.type === "" || seLinuxTypes.includes(options.type)
      ? []
      : [baseline("SELinux", `type ${options.type}`)]),
    ...(options.user === "" ? [] : [baseline("SELinux", `user ${options.user}`)]),
    ...(options.role === "" ? [] : [baseline("SELinux", `role ${options.role}`)]),
  ];
}

function restrictedControls({ pod, container }: Declared): Violations {
  const added = container.capabilitiesAdded.map(capabilityName).filter((name) => name !== "net_bind_service");
  const dropsAll = container.capabilitiesDropped.map(capabilityName).includes("all");
  const nonRoot = container.runAsNonRoot ?? pod.runAsNonRoot;
  const zero = [pod.runAsUser, container.runAsUser].includes(0);
  const seccomp = container.seccomp.type || pod.seccomp.type;
  const isUnmasked = container.procMount !== "" && container.procMount !== "Default";
  // Relaxed for pods in a user namespace of their own: root there is nobody on the node.
  const relaxed = pod.hostUsers === false;
  return [
    ...(container.allowPrivilegeEscalation === false
      ? []
      : [restricted("Privilege Escalation", "allowPrivilegeEscalation is not false")]),
    ...(nonRoot === true || relaxed ? [] : [restricted("Running as Non-root", "runAsNonRoot is not true")]),
    // The pod's own false is refused whatever its containers say.
    ...(nonRoot === true && pod.runAsNonRoot === false && !relaxed
      ? [restricted("Running as Non-root", "the pod sets runAsNonRoot: false")]
      : []),
    ...(zero && !relaxed ? [restricted("Running as Non-root user", "runAsUser: 0")] : []),
    ...(seccomp === "RuntimeDefault" || seccomp === "Localhost"
      ? []
      : [restricted("Seccomp", seccomp === "" ? "no profile is set" : seccomp)]),
    ...(dropsAll ? [] : [restricted("Capabilities", "does not drop ALL")]),
    ...added.map((name) => restricted("Capabilities", `adds ${name.toUpperCase()}`)),
    ...(isUnmasked ? [restricted("/proc Mount Type", container.procMount)] : []),
  ];
}

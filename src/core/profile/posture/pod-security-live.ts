// The Pod Security Standards on what is live: the same controls, asked of the kernel. What a process does not show (host ports, probes, kinds of volumes) is not judged.
import type { PostureFacts } from "../../../model/container-posture.ts";
import type { PodSecurityResult, PodSecurityViolation } from "../../../model/posture.ts";
import { capabilityNames, defaultCapabilities } from "../capabilities.ts";
import { hasOwnUsers } from "./identity-layers.ts";
import { baselineCapabilities, levelOf, seLinuxTypes } from "./pod-security-spec.ts";

/** Parts of the facts that decide; each with the control that needs it. */
const deciding: Readonly<Record<string, string>> = {
  status: "Capabilities",
  mounts: "HostPath Volumes",
  namespaces: "Host Namespaces",
};
const notShown = ["Host Ports", "Host Probes / Lifecycle Hooks", "Volume Types", "Sysctls"] as const;

/** Met by any filter, also by one that allows everything: said, and the level stays. */
const seccompContent = {
  control: "Seccomp",
  because: "a filter is loaded, and what it lets through is not known",
} as const;

export function podSecurityOfLive(facts: PostureFacts): PodSecurityResult {
  const unread = Object.entries(deciding).flatMap(([part, control]) => {
    const because = facts.unread[part];
    return because === undefined ? [] : [{ control, because }];
  });
  const has = (part: string) => facts.unread[part] === undefined;
  const violations = [
    ...(has("namespaces") ? namespaceControls(facts) : []),
    ...(has("status") ? capabilityControls(facts) : []),
    ...(has("mounts") ? mountControls(facts) : []),
    ...(has("status") ? restrictedControls(facts) : []),
    ...moduleControls(facts),
  ];
  const level = levelOf(violations);
  return {
    // What is known to be privileged is so, whatever else could not be read.
    level: unread.length > 0 && level !== "privileged" ? "unknown" : level,
    violations,
    unknown: [
      ...unread,
      ...(has("status") && facts.seccompMode === 2 ? [seccompContent] : []),
      ...notShown.map((control) => ({ control, because: "a process does not show it" })),
    ],
  };
}

function baseline(control: string, detail: string): PodSecurityViolation {
  return { control, level: "baseline", detail };
}

function restricted(control: string, detail: string): PodSecurityViolation {
  return { control, level: "restricted", detail };
}

function namespaceControls({ namespacesShared }: PostureFacts): PodSecurityViolation[] {
  return (["net", "pid", "ipc"] as const)
    .filter((name) => namespacesShared.includes(name))
    .map((name) => baseline("Host Namespaces", `the ${name} namespace is the host's`));
}

/** As many as a privileged container has: the kernel's whole set may be shorter than our list. */
const nearlyAll = capabilityNames.length - 4;

function capabilityControls({ capabilities }: PostureFacts): PodSecurityViolation[] {
  const { bounding } = capabilities;
  if (bounding.length >= nearlyAll) return [baseline("Privileged Containers", `holds ${bounding.length} capabilities`)];
  const more = bounding.filter((name) => !baselineCapabilities.includes(name) && !defaultCapabilities.includes(name));
  return more.map((name) => baseline("Capabilities", `holds ${name.toUpperCase()}`));
}

function mountControls(facts: PostureFacts): PodSecurityViolation[] {
  const host = facts.mounts.filter(({ kind }) => kind === "host" || kind === "socket");
  const isOpen = facts.procPathsOpen.length > 0 && !hasOwnUsers(facts.uidMap);
  return [
    ...host.map(({ path, root }) => baseline("HostPath Volumes", `${root} of the host at ${path}`)),
    ...(isOpen ? [baseline("/proc Mount Type", `open: ${facts.procPathsOpen.join(", ")}`)] : []),
  ];
}

function moduleControls(facts: PostureFacts): PodSecurityViolation[] {
  const isFree = facts.securityModules.includes("apparmor") && facts.appArmor === "unconfined";
  const type = facts.seLinux.split(":")[2] ?? "";
  const isOther = facts.securityModules.includes("selinux") && type !== "" && !seLinuxTypes.includes(type);
  return [
    ...(isFree ? [baseline("AppArmor", "unconfined")] : []),
    ...(isOther ? [baseline("SELinux", `type ${type}`)] : []),
  ];
}

function restrictedControls(facts: PostureFacts): PodSecurityViolation[] {
  const { capabilities, noNewPrivileges, seccompMode, uid } = facts;
  const held = capabilities.bounding.filter((name) => name !== "net_bind_service");
  return [
    ...(noNewPrivileges ? [] : [restricted("Privilege Escalation", "no_new_privs is not set")]),
    ...(uid.effective === 0 && !hasOwnUsers(facts.uidMap)
      ? [restricted("Running as Non-root user", "runs as root")]
      : []),
    ...(seccompMode === 0 ? [restricted("Seccomp", "no filter is loaded")] : []),
    ...(held.length > 0 ? [restricted("Capabilities", `within reach: ${held.join(", ")}`)] : []),
  ];
}

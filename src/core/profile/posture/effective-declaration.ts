// What a declaration comes to for one container: its own word, else its pod's, else what the runtime does by itself.
import { capabilityName, capabilityNames, defaultCapabilities } from "../capabilities.ts";
import type { DeclaredProfile } from "../../../model/pod-security.ts";
import type { Declared } from "./layer-input.ts";

export function runAsUser({ pod, container }: Declared): number | undefined {
  return container.runAsUser ?? pod.runAsUser;
}

export function runAsGroup({ pod, container }: Declared): number | undefined {
  return container.runAsGroup ?? pod.runAsGroup;
}

export function runAsNonRoot({ pod, container }: Declared): boolean | undefined {
  return container.runAsNonRoot ?? pod.runAsNonRoot;
}

export function profileOf({ pod, container }: Declared, which: "seccomp" | "appArmor"): DeclaredProfile {
  return container[which].type === "" ? pod[which] : container[which];
}

/** "RuntimeDefault", "Localhost shop.json", "not set". */
export function profileText({ type, profile }: DeclaredProfile): string {
  if (type === "") return "not set";
  return profile === "" ? type : `${type} ${profile}`;
}

/** What the bounding set becomes: the default set, less what is dropped, with what is added. Sorted. */
export function grantedCapabilities({ container }: Declared): readonly string[] {
  if (container.privileged) return [...capabilityNames].toSorted();
  const added = container.capabilitiesAdded.map(capabilityName);
  const dropped = container.capabilitiesDropped.map(capabilityName);
  const base = dropped.includes("all") ? [] : defaultCapabilities.filter((name) => !dropped.includes(name));
  const extra = added.includes("all") ? capabilityNames : added;
  return [...new Set([...base, ...extra])].toSorted();
}

/** Kubernetes ignores allowPrivilegeEscalation: false for what is privileged or has CAP_SYS_ADMIN. */
export function asksNoNewPrivileges(declared: Declared): boolean {
  const { container } = declared;
  return container.allowPrivilegeEscalation === false && !container.privileged;
}

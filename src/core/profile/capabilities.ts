// Capabilities by bit and name (capability.h, Linux 6.17 has 41). Inside of Garrison a name is lower case without "cap_": "net_bind_service".
import { capabilityNames as kernelNames } from "../../model/capability-names.ts";
import { namesOf } from "./names.ts";

export const capabilityNames: readonly string[] = kernelNames.map((name) => name.toLowerCase());

/** What containerd, Docker and CRI-O's documentation call the default set: a container gets these when nothing is declared. Of containerd 2.0. */
export const defaultCapabilities: readonly string[] = namesOf(`
    audit_write chown dac_override fowner fsetid kill mknod net_bind_service net_raw setfcap setgid setpcap setuid
    sys_chroot
  `);

/** With one of these a process can take over its node or another container. */
export const dangerousCapabilities: ReadonlySet<string> = new Set(
  namesOf(`
    sys_admin sys_module sys_ptrace sys_rawio sys_boot sys_time dac_read_search net_admin bpf perfmon mac_admin
    mac_override syslog checkpoint_restore audit_control
  `),
);

/** Names of a mask as /proc/PID/status writes it: 16 hexadecimal digits. Bits without a name are "cap_41". Throws for no number. */
export function capabilitiesOfMask(mask: string | bigint): readonly string[] {
  let rest = typeof mask === "bigint" ? mask : BigInt(`0x${mask}`);
  const names: string[] = [];
  for (let bit = 0; rest > 0n; bit += 1, rest >>= 1n)
    if ((rest & 1n) === 1n) names.push(capabilityNames[bit] ?? `cap_${bit}`);
  return names.toSorted();
}

/** "CAP_NET_RAW", "NET_RAW" and "net_raw" are "net_raw"; "ALL" is "all". */
export function capabilityName(text: string): string {
  const lower = text.trim().toLowerCase();
  return lower.startsWith("cap_") && !/^cap_\d+$/.test(lower) ? lower.slice(4) : lower;
}

/** As Kubernetes writes it: "NET_RAW". */
export function kubernetesCapability(name: string): string {
  return name.toUpperCase();
}

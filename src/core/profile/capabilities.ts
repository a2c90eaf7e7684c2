// Capabilities by bit and name (capability.h, Linux 6.17 has 41). Inside of Garrison a name is lower case without "cap_": "net_bind_service".

import { namesOf } from "./names.ts";

export const capabilityNames = namesOf(`
    chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service
    net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct
    sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap
    mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore
  `);

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

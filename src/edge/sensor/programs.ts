// The kernel programs of the base family: how each is attached, and which ability of the sensor needs it. A new program is one line.
import type { KernelProgram } from "./bpf-object.ts";
import { deedPrograms } from "./deed-programs.ts";

export const kernelPrograms: readonly KernelProgram[] = [
  { name: "on_exec", kind: "tracing", ability: "exec" },
  { name: "on_fork", kind: "tracing", ability: "fork" },
  { name: "on_exit", kind: "tracing", ability: "exit" },
  { name: "on_cgroup_made", kind: "tracing", ability: "cgroups" },
  { name: "on_cgroup_removed", kind: "tracing", ability: "cgroups" },
  { name: "on_tcp_state", kind: "tracing", ability: "tcp" },
  { name: "on_tcp_reset_sent", kind: "tracing", ability: "tcp-resets" },
  { name: "on_tcp_reset_received", kind: "tracing", ability: "tcp-resets" },
  { name: "on_socket_sent", kind: "tracing", ability: "socket-users" },
  { name: "on_socket_received", kind: "tracing", ability: "socket-users" },
  { name: "on_socket_found", kind: "iterator", ability: "older-sockets" },
  { name: "on_packet_out", kind: "cgroup", ability: "packets" },
  { name: "on_packet_in", kind: "cgroup", ability: "packets" },
  { name: "on_socket_made", kind: "cgroup", ability: "socket-makers" },
  { name: "on_send4", kind: "cgroup", ability: "udp-senders" },
  { name: "on_send6", kind: "cgroup", ability: "udp-senders" },
  { name: "on_connect4", kind: "cgroup", ability: "udp-senders" },
  { name: "on_connect6", kind: "cgroup", ability: "udp-senders" },
  ...deedPrograms,
];

/** Without these the kernel rung is not worth its name, and the sensor falls back to polling. */
export const abilitiesRequired: ReadonlySet<string> = new Set(["exec", "exit", "tcp"]);

// The families of kernel means that the probe tries, and what Garrison loses without each. A new one is a line here, and a program in bpf/probe.bpf.c or a call.
import type { ProgramKind, TracepointUse } from "./bpf-object.ts";
import type { CallProbes } from "./probe-calls.ts";

export type ProbeFamily =
  | "tp_btf"
  | "tracepoint"
  | "raw-tracepoint"
  | "iterator"
  | "loop"
  | "signal"
  | "cgroup-skb"
  | "cgroup-sock"
  | "cgroup-address"
  | "fentry"
  | "lsm"
  | "kprobe"
  | "fanotify"
  | "process-connector"
  | "audit"
  | "seccomp-notify";

export interface ProbeUnit {
  readonly family: ProbeFamily;
  /** In plain words. */
  readonly title: string;
  /** What its absence costs. */
  readonly cost: string;
  /** In bpf/probe.bpf.c. */
  readonly program?: string;
  /** "tracing" when it is absent. "on-demand": loading it is the whole question. */
  readonly kind?: ProgramKind;
  readonly points?: readonly TracepointUse[];
  readonly call?: keyof CallProbes;
}

export const probeFamilies: readonly ProbeUnit[] = [
  {
    family: "tp_btf",
    title: "typed tracepoints (BTF)",
    program: "probe_tp_btf",
    cost: "no kernel sensor: processes and connections are polled from /proc, files and calls are not seen",
  },
  {
    family: "tracepoint",
    title: "tracepoints of single system calls",
    program: "probe_tracepoint",
    kind: "tracepoint",
    points: [{ point: "syscalls/sys_exit_sethostname", cookie: 1n }],
    cost: "no file deeds and no watched calls: rules that ask for them are blind",
  },
  {
    family: "raw-tracepoint",
    title: "raw tracepoints",
    program: "probe_raw_tracepoint",
    cost: "learning of system calls for seccomp profiles is not possible",
  },
  {
    family: "iterator",
    title: "iterators over tasks",
    program: "probe_iterator",
    kind: "iterator",
    cost: "sockets older than the sensor have no process until they are used",
  },
  {
    family: "loop",
    title: "bpf_loop (Linux 5.17)",
    program: "probe_loop",
    kind: "on-demand",
    cost: "no kernel sensor: paths cannot be walked",
  },
  {
    family: "signal",
    title: "signals from programs",
    program: "probe_signal",
    kind: "on-demand",
    cost: "the guard cannot kill at exec; it can only detect",
  },
  {
    family: "cgroup-skb",
    title: "packets of cgroups",
    program: "probe_cgroup_skb",
    kind: "on-demand",
    cost: "no UDP flows, DNS questions or first bytes of HTTP",
  },
  {
    family: "cgroup-sock",
    title: "sockets of cgroups",
    program: "probe_cgroup_sock",
    kind: "on-demand",
    cost: "the guard cannot deny raw sockets; who made a socket is learnt late",
  },
  {
    family: "cgroup-address",
    title: "connect and bind of cgroups",
    program: "probe_cgroup_address",
    kind: "on-demand",
    cost: "the guard cannot deny connections; senders of UDP are learnt late",
  },
  {
    family: "fentry",
    title: "entries of kernel functions (trampolines)",
    program: "probe_fentry",
    cost: "credentials and used capabilities are inferred from calls instead of seen where they change",
  },
  {
    family: "lsm",
    title: "security hooks (BPF LSM)",
    program: "probe_lsm",
    cost: "nothing can be denied before it happens but sockets: files and programs are killed or detected instead",
  },
  {
    family: "kprobe",
    title: "probes on any kernel function",
    program: "probe_kprobe",
    cost: "nothing: Garrison does not use them; other tools may",
  },
  {
    family: "fanotify",
    title: "fanotify with permission events",
    call: "fanotify",
    cost: "without BPF there are no file events at all",
  },
  {
    family: "process-connector",
    title: "process events by netlink",
    call: "processConnector",
    cost: "without BPF short processes are missed between two looks at /proc",
  },
  {
    family: "audit",
    title: "audit log by netlink",
    call: "audit",
    cost: "without BPF denied calls and profile violations are not seen",
  },
  {
    family: "seccomp-notify",
    title: "seccomp with a listener",
    call: "seccompNotify",
    cost: "single calls cannot be answered by a supervisor",
  },
];

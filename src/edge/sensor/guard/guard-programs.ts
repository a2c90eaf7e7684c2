// The programs of the guard's two objects, and which plane each serves. A new program is one line.
import type { GuardedCall } from "../../../model/runtime-policy.ts";
import type { KernelProgram } from "../bpf-object.ts";
import { callNumber } from "./encode-rules.ts";

const entered = (name: string, call: GuardedCall) => ({
  point: `syscalls/sys_enter_${name}`,
  cookie: BigInt(callNumber[call]),
});
const left = (name: string) => ({ point: `syscalls/sys_exit_${name}`, cookie: 0n });
/** The path is the second argument, after a folder's descriptor. */
const leftAt = (name: string) => ({ ...left(name), cookie: 1n });
const hook = (name: string) => ({ name: `guard_${name}`, kind: "cgroup", ability: "cgroup" }) as const;

/** What only serves where LSM does not do it, and earlier. */
const withoutLsm: readonly KernelProgram[] = [
  { name: "guard_exec", kind: "tracing", ability: "kill" },
  {
    name: "guard_before_exec",
    kind: "tracepoint",
    ability: "kill",
    points: [
      { point: "syscalls/sys_enter_execve", cookie: 0n },
      { point: "syscalls/sys_enter_execveat", cookie: 0n },
    ],
  },
  {
    name: "guard_socket",
    kind: "tracepoint",
    ability: "kill-at-call",
    points: [{ point: "syscalls/sys_enter_socket", cookie: 0n }],
  },
  {
    name: "guard_opened",
    kind: "tracepoint",
    ability: "kill-at-open",
    points: [left("open"), leftAt("openat"), leftAt("openat2"), left("creat")],
  },
];

const callsWithoutLsm = [
  entered("mount", "mount"),
  entered("move_mount", "mount"),
  entered("ptrace", "ptrace"),
  entered("bpf", "bpf"),
  entered("init_module", "module"),
  entered("finit_module", "module"),
];

/** What the kernel lets in beside the base object. */
export interface Upgrades {
  readonly hasLsm: boolean;
  /** Programs at the functions of unshare and setns themselves. */
  readonly hasEntries: boolean;
}

/** At tracepoints of system calls: attached, they make every call of the machine slower, so they stay off where there is another way. */
function atCalls({ hasLsm, hasEntries }: Upgrades): readonly KernelProgram[] {
  const programs: readonly KernelProgram[] = [
    { name: "guard_unshare", kind: "tracepoint", ability: "kill-at-call", points: [entered("unshare", "unshare")] },
    { name: "guard_unshared", kind: "tracepoint", ability: "kill-at-call", points: [left("unshare")] },
    {
      name: "guard_call",
      kind: "tracepoint",
      ability: "kill-at-call",
      points: [entered("setns", "setns"), ...(hasLsm ? [] : callsWithoutLsm)],
    },
  ];
  return hasLsm && hasEntries ? programs.map((program) => ({ ...program, kind: "on-demand" })) : programs;
}

/** The base object's programs; beside LSM fewer of them are attached. */
export function guardPrograms(upgrades: Upgrades): readonly KernelProgram[] {
  const { hasLsm } = upgrades;
  return [
    { name: "guard_cgroup_made", kind: "tracing", ability: "scopes" },
    { name: "guard_cgroup_removed", kind: "tracing", ability: "scopes" },
    { name: "guard_fork", kind: "tracing", ability: "scopes" },
    ...atCalls(upgrades),
    ...withoutLsm.map((program) => (hasLsm ? ({ ...program, kind: "on-demand" } as const) : program)),
    { name: "guard_changed", kind: "tracing", ability: "scopes" },
    hook("connect4"),
    hook("connect6"),
    hook("sendmsg4"),
    hook("sendmsg6"),
    hook("bind4"),
    hook("bind6"),
    hook("sock_create"),
    { name: "guard_isolate_out", kind: "on-demand", ability: "isolate" },
    { name: "guard_isolate_in", kind: "on-demand", ability: "isolate" },
  ];
}

/** Not of LSM, but let in by the same kernels. */
export const entriesAbility = "entries-of-calls";

const lsm = (name: string, ability: string) => ({ name: `lsm_${name}`, kind: "tracing", ability }) as const;

/** The ability is the hook as the planner asks for it. */
export const lsmPrograms = [
  lsm("exec", "exec"),
  lsm("file_open", "file"),
  lsm("path_unlink", "file"),
  lsm("path_rmdir", "file"),
  lsm("path_mkdir", "file"),
  lsm("path_mknod", "file"),
  lsm("path_symlink", "file"),
  lsm("path_truncate", "file"),
  lsm("path_chmod", "file"),
  lsm("path_chown", "file"),
  lsm("path_rename", "file"),
  lsm("path_link", "file"),
  lsm("socket_create", "socket"),
  lsm("mount", "mount"),
  lsm("move_mount", "mount"),
  lsm("ptrace", "ptrace"),
  lsm("bpf", "bpf"),
  lsm("module_file", "module"),
  lsm("module_data", "module"),
  lsm("capable", "capability"),
  lsm("unshare", entriesAbility),
  lsm("unshared", entriesAbility),
  lsm("setns", entriesAbility),
] as const satisfies readonly KernelProgram[];

// Shared by the guard's tests: a workload's process and a record of the kernel, in short.
import type { RuntimeSubject } from "../../../core/runtime-policy/model.ts";
import type { GuardedEvent } from "../../../core/sense/deed-events.ts";
import type { GuardedProcess } from "./living.ts";

export const places = { rootCgroupId: 1, hostMountNamespace: 100, agentCgroupId: 9 };

export function subject(over: Partial<RuntimeSubject> = {}): RuntimeSubject {
  return {
    namespace: "shop",
    workload: "web",
    container: "app",
    image: "web:1",
    labels: {},
    cgroup: "/kubepods/web",
    ...over,
  };
}

export function living(over: Partial<GuardedProcess> = {}): GuardedProcess {
  return {
    pid: 50,
    name: "web",
    containerId: "c1",
    subject: subject(),
    cgroupId: 20,
    mountNamespace: 200,
    isCaretaker: false,
    ...over,
  };
}

export function guarded(over: Partial<GuardedEvent> = {}): GuardedEvent {
  return {
    type: "guarded",
    timeMs: 1000,
    process: { pid: 50, startMs: 1 },
    comm: "nc",
    cgroupId: 20,
    hook: "exec",
    outcome: "killed",
    plane: "kill",
    rule: 1,
    path: "/usr/bin/nc",
    tuple: undefined,
    ...over,
  };
}

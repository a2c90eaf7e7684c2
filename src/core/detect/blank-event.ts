// An event with nothing in it, and the process and workload of nobody.
import type { DetectMachine, DetectSubject } from "./contract.ts";
import type { DetectEvent } from "./event.ts";
import type { ProcessFacts } from "./process/facts.ts";

export const unknownSubject: DetectSubject = {
  subject: {
    namespace: "",
    workload: "",
    workloadKind: "Unknown",
    service: "",
    pod: "",
    container: "",
    containerId: "",
    image: "",
    imageDigest: "",
    identityReason: "not asked",
  },
  isPending: false,
  isContainer: false,
};

/** A new object each time: judgements are remembered on it. */
export function nobody(): ProcessFacts {
  return {
    key: { pid: 0, startMs: 0 },
    serial: 0,
    isKnown: false,
    comm: "",
    executable: "",
    arguments: [],
    workingDirectory: "",
    uid: 0,
    gid: 0,
    capabilities: 0,
    facts: undefined,
    environment: undefined,
    parent: undefined,
    parentPid: 0,
    execMs: 0,
    cgroupId: 0,
    endedMs: 0,
    hasChildren: false,
    subject: undefined,
    bytes: 0,
    memo: [],
    memoOf: 0,
    commandLine: undefined,
  };
}

export function blankEvent(machine: DetectMachine, namesOf: DetectEvent["namesOf"]): DetectEvent {
  return {
    source: "syscall",
    type: "",
    timeMs: 0,
    number: 1,
    process: nobody(),
    subject: unknownSubject,
    result: 0,
    descriptorKind: "",
    descriptorNumber: -1,
    path: "",
    requestedPath: "",
    targetPath: "",
    flags: 0,
    mode: 0,
    tuple: undefined,
    protocol: "",
    role: "",
    count: 1,
    raw: undefined,
    audit: undefined,
    flat: undefined,
    machine,
    namesOf,
  };
}

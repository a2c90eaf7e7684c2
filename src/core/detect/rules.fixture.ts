// Rules written as values, and small events, for the tests of this room.
import type { CompileResult, Detection, DetectorOptions, DetectSubject, RuleFile } from "./contract.ts";
import { unknownSubject } from "./blank-event.ts";
import { compileRules } from "./compile-rules.ts";
import { createDetector } from "./create-detector.ts";
import { everySupply } from "./supply.ts";
import type { FileDeed, FileDeedEvent } from "../sense/deed-events.ts";
import type { ExecEvent, TcpEvent } from "../sense/sensor.ts";

export function fileOf(name: string, ...values: readonly unknown[]): RuleFile {
  return {
    name,
    documents: values.map((value) => ({
      value,
      line: 1,
      errors: [],
      lineOf: ([index]) => (typeof index === "number" ? index + 1 : 1),
    })),
  };
}

export function compiled(...values: readonly unknown[]): CompileResult {
  return compileRules([fileOf("f", ...values)]);
}

export const rule = (name: string, condition: string, more: object = {}): object => ({
  rule: name,
  desc: "",
  condition,
  output: "o",
  priority: "NOTICE",
  ...more,
});

export const machine = {
  hostname: "node-1",
  bootMs: 0,
  userName: (uid: number) => (uid === 0 ? "root" : undefined),
  groupName: () => undefined,
};
export const inShop: DetectSubject = {
  ...unknownSubject,
  isContainer: true,
  subject: {
    ...unknownSubject.subject,
    namespace: "shop",
    workload: "web",
    containerId: "c".repeat(64),
    container: "web",
  },
};

export const beginMs = 1_795_000_000_000;

export function exec(pid: number, parent: number, words: readonly [string, ...string[]], atMs = 0): ExecEvent {
  const comm = (words[0].split("/").at(-1) ?? "").slice(0, 15);
  return {
    type: "exec",
    timeMs: beginMs + atMs,
    process: { pid, startMs: pid },
    parent: { pid: parent, startMs: parent },
    comm,
    cgroupId: 7,
    uid: 0,
    gid: 0,
    capabilities: 0,
    path: words[0],
    arguments: words,
    argumentsCut: false,
    workingDirectory: "/",
  };
}

export function file(
  pid: number,
  deed: FileDeed,
  path: string,
  { atMs = 0, flags = 0, mode = 0, target = "" } = {},
): FileDeedEvent {
  return {
    type: "file",
    deed,
    call: "",
    way: "syscall",
    timeMs: beginMs + atMs,
    process: { pid, startMs: pid },
    comm: "x",
    cgroupId: 7,
    path,
    requestedPath: path,
    targetPath: target,
    flags,
    mode,
    device: 1,
    inode: 1,
    error: 0,
    isUpper: false,
    count: 1,
  };
}

export function connect(pid: number, address: string, port: number, atMs = 0): TcpEvent {
  return {
    type: "tcp-open",
    timeMs: beginMs + atMs,
    process: { pid, startMs: pid },
    comm: "x",
    cgroupId: 7,
    socketId: 1,
    direction: "outbound",
    bytesSent: 0,
    bytesReceived: 0,
    packetsSent: 0,
    packetsReceived: 0,
    retransmits: 0,
    rttUs: 0,
    error: 0,
    wasReset: false,
    localAddress: "10.0.0.5",
    localPort: 40_000,
    remoteAddress: address,
    remotePort: port,
  };
}

/** An engine over these rules that keeps what it tells. Connections come as flows. */
export function engineOf({ rules }: CompileResult, more: Partial<DetectorOptions> = {}) {
  const told: Detection[] = [];
  const groups = new Set([...everySupply.groups].filter((group) => !group.startsWith("call:")));
  const detector = createDetector({
    rules,
    machine,
    supply: { ...everySupply, groups },
    onDetection: (detection) => told.push(detection),
    ...more,
  });
  return { detector, told };
}

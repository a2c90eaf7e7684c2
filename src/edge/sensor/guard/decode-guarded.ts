// A record of the guard's ring to a typed event. Rare ones: copied field by field, without caches.
import type { GuardedEvent } from "../../../core/sense/deed-events.ts";
import { addressText, startMsOf } from "../text-cache.ts";
import { layout, limit as constant } from "./guard-layout.gen.ts";

const at = layout.guardedEvent;

const hookByNumber: Readonly<Record<number, GuardedEvent["hook"]>> = {
  [constant.hookExec]: "exec",
  [constant.hookOpen]: "open",
  [constant.hookConnect]: "connect",
  [constant.hookBind]: "bind",
  [constant.hookSend]: "send",
  [constant.hookSocket]: "socket",
  [constant.hookCapability]: "capability",
};
const hookByCall: Readonly<Record<number, GuardedEvent["hook"]>> = {
  [constant.callMount]: "mount",
  [constant.callPtrace]: "ptrace",
  [constant.callModule]: "module",
  [constant.callBpf]: "bpf",
  [constant.callSetns]: "setns",
  [constant.callUnshare]: "unshare",
};
const outcomeByNumber: Readonly<Record<number, GuardedEvent["outcome"]>> = {
  [constant.outcomeKilled]: "killed",
  [constant.outcomeDenied]: "denied",
  [constant.outcomeWouldKill]: "would-kill",
  [constant.outcomeWouldDeny]: "would-deny",
  [constant.outcomeAudited]: "audited",
};
const planeByNumber: Readonly<Record<number, GuardedEvent["plane"]>> = {
  [constant.planeKill]: "kill",
  [constant.planeCgroup]: "cgroup",
  [constant.planeLsm]: "lsm",
};

/** Undefined for a record that no version of the programs writes. `bootMs`: milliseconds since the epoch at boot. */
export function decodeGuarded(bytes: Uint8Array, bootMs: number): GuardedEvent | undefined {
  if (bytes.length < at.size) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = view.getUint16(at.number, true);
  const hookNumber = view.getUint8(at.hook);
  const hook = hookNumber === constant.hookCall ? hookByCall[number] : hookByNumber[hookNumber];
  const outcome = outcomeByNumber[view.getUint8(at.outcome)];
  const plane = planeByNumber[view.getUint8(at.plane)];
  if (hook === undefined || outcome === undefined || plane === undefined) return undefined;
  const pathBytes = Math.min(view.getUint16(at.pathBytes, true), constant.guardedPathBytes);
  const wide = (offset: number): number => Number(view.getBigUint64(offset, true));
  return {
    type: "guarded",
    timeMs: Math.floor(bootMs + wide(at.timeNs) / 1e6),
    process: { pid: view.getUint32(at.tgid, true), startMs: startMsOf(wide(at.startNs)) },
    comm: text(bytes.subarray(at.comm, at.comm + 16)),
    cgroupId: wide(at.cgroupId),
    hook,
    outcome,
    plane,
    rule: view.getUint32(at.rule, true),
    path: text(bytes.subarray(at.path, at.path + pathBytes)),
    tuple: view.getUint8(at.family) === 0 ? undefined : tupleOf(view),
  };
}

function tupleOf(view: DataView): GuardedEvent["tuple"] {
  const address = (offset: number): string => {
    const word = (index: number): number => view.getUint32(offset + index * 4, true);
    return addressText(word(0), word(1), word(2), word(3));
  };
  return {
    localAddress: address(at.local),
    localPort: view.getUint16(at.localPort, true),
    remoteAddress: address(at.remote),
    remotePort: view.getUint16(at.remotePort, true),
  };
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

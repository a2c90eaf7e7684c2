// Compiled rules to the bytes of the guard's maps, and back for scopes. Offsets come from the generated layout, never by hand.
import { parseAddress } from "../../../base/ip.ts";
import { guardedCalls, socketKinds } from "../../../model/runtime-policy.ts";
import type {
  CompiledAddress,
  CompiledChoice,
  CompiledFile,
  CompiledPath,
  CompiledPoint,
  CompiledPolicy,
  GuardScope,
} from "../../../core/runtime-policy/guard-port.ts";
import { layout, limit as constant } from "./guard-layout.gen.ts";

export interface MapEntry {
  readonly map: "files" | "paths" | "addresses" | "points";
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The longest path of a rule in bytes: the key has room for one more, the NUL. */
export const pathBytesMax = constant.keyPathBytes - 1;
export const choicesMax = constant.choices;

const actionNumber = {
  allow: constant.actionAllow,
  audit: constant.actionAudit,
  dry: constant.actionDry,
  block: constant.actionBlock,
} as const satisfies Record<CompiledChoice["action"], number>;
const classNumber = {
  exec: constant.classExec,
  file: constant.classFile,
  network: constant.classNetwork,
  socket: constant.classSocket,
} as const;
const operationNumber = {
  connect: constant.operationConnect,
  bind: constant.operationBind,
  send: constant.operationSend,
} as const;
const protocolNumber = { tcp: 6, udp: 17, "": 0 } as const;
export const callNumber: Readonly<Record<(typeof guardedCalls)[number], number>> = {
  mount: constant.callMount,
  ptrace: constant.callPtrace,
  module: constant.callModule,
  bpf: constant.callBpf,
  setns: constant.callSetns,
  unshare: constant.callUnshare,
  "fileless-exec": constant.callFilelessExec,
  "drift-exec": constant.callDriftExec,
};
const socketNumber: Readonly<Record<(typeof socketKinds)[number], number>> = {
  tcp: constant.socketTcp,
  udp: constant.socketUdp,
  icmp: constant.socketIcmp,
  raw: constant.socketRaw,
  packet: constant.socketPacket,
  netlink: constant.socketNetlink,
  unix: constant.socketUnix,
  other: constant.socketOther,
};

/** All entries of a policy under its number. */
export function entriesOf(policy: number, compiled: CompiledPolicy): readonly MapEntry[] {
  return [
    ...compiled.paths.map((path) => pathEntry(policy, classNumber[path.class], path)),
    ...compiled.sources.map((path, index) => sourceEntry(policy, path, index)),
    ...compiled.files.map((file) => fileEntry(policy, file)),
    ...compiled.addresses.map((address) => addressEntry(policy, address)),
    ...compiled.points.map((point) => pointEntry(policy, point)),
  ];
}

/** Which classes the policy has, as a scope's flags. */
export function flagsOf(compiled: CompiledPolicy): number {
  const ofClass = (name: "exec" | "file"): boolean =>
    compiled.paths.some((path) => path.class === name) ||
    compiled.files.some((file) => file.class === name) ||
    compiled.points.some((point) => point.class === "only" && point.of === name);
  const point = (name: CompiledPoint["class"]): boolean => compiled.points.some((each) => each.class === name);
  const network =
    compiled.addresses.length > 0 || compiled.points.some((each) => each.class === "only" && each.of === "network");
  return (
    (ofClass("exec") ? constant.hasExec : 0) |
    (ofClass("file") ? constant.hasFile : 0) |
    (network ? constant.hasNetwork : 0) |
    (point("socket") || compiled.points.some((each) => each.class === "only" && each.of === "socket")
      ? constant.hasSocket
      : 0) |
    (point("capability") ? constant.hasCapability : 0) |
    (point("call") ? constant.hasCall : 0) |
    (compiled.sources.length > 0 ? constant.hasSources : 0)
  );
}

function valueOf(choices: readonly CompiledChoice[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(layout.verdicts.size));
  for (const [index, choice] of choices.slice(0, choicesMax).entries()) {
    const at = index * layout.choice.size;
    view.setUint32(at + layout.choice.rule, choice.rule, true);
    view.setUint32(at + layout.choice.sources, choice.sources, true);
    view.setUint8(at + layout.choice.action, actionNumber[choice.action]);
    const flags =
      (choice.isWriteOnly ? constant.choiceWriteOnly : 0) |
      (choice.isOwnerExempt ? constant.choiceOwnerExempt : 0) |
      (choice.directBytes > 0 ? constant.choiceDirectOnly : 0);
    view.setUint8(at + layout.choice.flags, flags);
    view.setUint16(at + layout.choice.prefixBytes, choice.directBytes, true);
  }
  return new Uint8Array(view.buffer);
}

function pathKey(
  policy: number,
  number: number,
  path: { readonly text: string; readonly isExact: boolean },
): Uint8Array {
  const view = new DataView(new ArrayBuffer(layout.pathKey.size));
  const bytes = new TextEncoder().encode(path.text).subarray(0, pathBytesMax);
  const prefixBytes = bytes.length + (path.isExact ? 1 : 0);
  view.setUint32(layout.pathKey.prefixBits, (4 + prefixBytes) * 8, true);
  view.setUint32(layout.pathKey.policyClass, policy * 16 + number, true);
  new Uint8Array(view.buffer).set(bytes, layout.pathKey.path);
  return new Uint8Array(view.buffer);
}

function pathEntry(policy: number, number: number, path: CompiledPath): MapEntry {
  return { map: "paths", key: pathKey(policy, number, path), value: valueOf(path.choices) };
}

function sourceEntry(policy: number, text: string, index: number): MapEntry {
  const mask = { rule: 1, action: "allow", isWriteOnly: false, isOwnerExempt: false, directBytes: 0 } as const;
  return {
    map: "paths",
    key: pathKey(policy, constant.classSource, { text, isExact: true }),
    value: valueOf([{ ...mask, sources: (1 << index) >>> 0 }]),
  };
}

/** stat(2) writes a device in another way than the kernel keeps it: major and minor are taken apart and put together again. */
export function kernelDevice(device: number): bigint {
  const wide = BigInt(device);
  const major = ((wide >> 8n) & 0xfffn) | ((wide >> 32n) & 0xfffff000n);
  const minor = (wide & 0xffn) | ((wide >> 12n) & 0xffffff00n);
  return (major << 20n) | minor;
}

function fileEntry(policy: number, file: CompiledFile): MapEntry {
  const view = new DataView(new ArrayBuffer(layout.fileKey.size));
  view.setBigUint64(layout.fileKey.device, kernelDevice(file.device), true);
  view.setBigUint64(layout.fileKey.inode, BigInt(file.inode), true);
  view.setUint32(layout.fileKey.policy, policy, true);
  view.setUint32(layout.fileKey.class, classNumber[file.class], true);
  return { map: "files", key: new Uint8Array(view.buffer), value: valueOf(file.choices) };
}

const addressFixedBits = (layout.addressKey.address - layout.addressKey.policy) * 8;

function addressEntry(policy: number, address: CompiledAddress): MapEntry {
  const view = new DataView(new ArrayBuffer(layout.addressKey.size));
  view.setUint32(layout.addressKey.prefixBits, addressFixedBits + address.prefixBits, true);
  view.setUint32(layout.addressKey.policy, policy, true);
  view.setUint8(layout.addressKey.operation, operationNumber[address.operation]);
  view.setUint8(layout.addressKey.protocol, protocolNumber[address.protocol]);
  view.setUint16(layout.addressKey.port, address.port, true);
  for (const [index, word] of (parseAddress(address.address) ?? [0, 0, 0, 0]).entries())
    view.setUint32(layout.addressKey.address + index * 4, word, false);
  return { map: "addresses", key: new Uint8Array(view.buffer), value: valueOf(address.choices) };
}

function pointEntry(policy: number, point: CompiledPoint): MapEntry {
  const view = new DataView(new ArrayBuffer(layout.pointKey.size));
  const [number, name] = pointNumbers(point);
  view.setUint32(layout.pointKey.policy, policy, true);
  view.setUint16(layout.pointKey.class, name, true);
  view.setUint16(layout.pointKey.number, number, true);
  return { map: "points", key: new Uint8Array(view.buffer), value: valueOf(point.choices) };
}

function pointNumbers(point: CompiledPoint): readonly [number: number, class_: number] {
  switch (point.class) {
    case "only":
      return [classNumber[point.of], constant.classOnly];
    case "socket":
      return [socketNumber[point.socket], constant.classSocket];
    case "capability":
      return [point.number, constant.classCapability];
    case "call":
      return [callNumber[point.call], constant.classCall];
  }
}

export function scopeKey(scope: Pick<GuardScope, "kind" | "id">): Uint8Array {
  const view = new DataView(new ArrayBuffer(layout.scopeKey.size));
  view.setBigUint64(layout.scopeKey.id, BigInt(scope.id), true);
  view.setUint32(
    layout.scopeKey.kind,
    scope.kind === "cgroup" ? constant.scopeCgroup : constant.scopeMountNamespace,
    true,
  );
  return new Uint8Array(view.buffer);
}

export interface ScopeValue {
  readonly policy: number;
  readonly dryPolicy: number;
  readonly flags: number;
}

export function scopeValue({ policy, dryPolicy, flags }: ScopeValue): Uint8Array {
  const view = new DataView(new ArrayBuffer(layout.scopeValue.size));
  view.setUint32(layout.scopeValue.policy, policy, true);
  view.setUint32(layout.scopeValue.dryPolicy, dryPolicy, true);
  view.setUint32(layout.scopeValue.flags, flags, true);
  return new Uint8Array(view.buffer);
}

export function readScopeValue(value: Uint8Array): ScopeValue {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return {
    policy: view.getUint32(layout.scopeValue.policy, true),
    dryPolicy: view.getUint32(layout.scopeValue.dryPolicy, true),
    flags: view.getUint32(layout.scopeValue.flags, true),
  };
}

export const isContainerFlag: number = constant.isContainer;
export const isInheritedFlag: number = constant.isInherited;

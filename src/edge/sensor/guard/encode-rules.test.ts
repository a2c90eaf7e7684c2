// Bytes of the guard's maps and records: layouts from the header, devices in both spellings, a golden record.
import assert from "node:assert/strict";
import { test } from "node:test";
import { guardedCalls, runtimePathBytesMax, socketKinds } from "../../../model/runtime-policy.ts";
import { runtimeLimits } from "../../../core/runtime-policy/limits.ts";
import { decodeGuarded } from "./decode-guarded.ts";
import {
  callNumber,
  choicesMax,
  entriesOf,
  flagsOf,
  kernelDevice,
  pathBytesMax,
  readScopeValue,
  scopeValue,
} from "./encode-rules.ts";
import { choices, nothing } from "./guard.fixture.ts";
import { layout, limit as constant } from "./guard-layout.gen.ts";

test("limits of the core are those of the kernel's records", () => {
  assert.deepEqual([pathBytesMax, choicesMax], [runtimeLimits.pathBytesMax, runtimeLimits.choicesMax]);
  assert.ok(runtimePathBytesMax <= pathBytesMax);
  assert.equal(new Set(guardedCalls.map((call) => callNumber[call])).size, guardedCalls.length);
  assert.equal(socketKinds.length, constant.socketOther);
});

const devices: readonly (readonly [stat: number, kernel: bigint])[] = [
  [0x801, (8n << 20n) | 1n],
  [0x19, 0x19n],
  [0xfe00, 254n << 20n],
  [0x100_0000 + 0x17 + (0x103 << 8), (0x103n << 20n) | 0x1017n],
];
for (const [stat, kernel] of devices) {
  test(`device ${stat.toString(16)} of stat is ${kernel.toString(16)} in the kernel`, () =>
    assert.equal(kernelDevice(stat), kernel));
}

test("a file's key ends with a NUL, a folder's with its slash", () => {
  const entries = entriesOf(3, {
    ...nothing,
    paths: [
      { class: "exec", text: "/a", isExact: true, choices: choices(1) },
      {
        class: "file",
        text: "/a/",
        isExact: false,
        choices: choices(2, { isWriteOnly: true, directBytes: 3, sources: 5 }),
      },
    ],
  });
  const keys = entries.map(({ key }) => new DataView(key.buffer));
  assert.deepEqual(
    keys.map((view) => [view.getUint32(0, true), view.getUint32(4, true)]),
    [
      [(4 + 3) * 8, 3 * 16 + constant.classExec],
      [(4 + 3) * 8, 3 * 16 + constant.classFile],
    ],
  );
  const value = new DataView(entries[1]?.value.buffer ?? new ArrayBuffer(0));
  assert.deepEqual(
    [
      value.getUint32(layout.choice.sources, true),
      value.getUint16(layout.choice.prefixBytes, true),
      value.getUint8(layout.choice.flags),
    ],
    [5, 3, constant.choiceWriteOnly | constant.choiceDirectOnly],
  );
});

test("addresses lie as the kernel compares them, prefixes count behind the fixed part", () => {
  const [entry] = entriesOf(3, {
    ...nothing,
    addresses: [
      { operation: "connect", protocol: "tcp", port: 443, address: "10.1.2.3", prefixBits: 112, choices: choices(1) },
    ],
  });
  assert.equal(new DataView(entry?.key.buffer ?? new ArrayBuffer(0)).getUint32(0, true), 96 + 112);
  assert.deepEqual(
    [...(entry?.key.subarray(layout.addressKey.address) ?? [])],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 1, 2, 3],
  );
});

test("flags say which classes a policy has", () => {
  assert.equal(flagsOf(nothing), 0);
  assert.equal(flagsOf({ ...nothing, points: [{ class: "only", of: "exec", choices: choices(1) }] }), constant.hasExec);
  assert.equal(
    flagsOf({ ...nothing, points: [{ class: "capability", number: 3, choices: choices(1) }], sources: ["/a"] }),
    constant.hasCapability | constant.hasSources,
  );
});

test("a scope's value comes back as it went in", () => {
  const value = { policy: 7, dryPolicy: 8, flags: constant.hasExec | constant.isContainer };
  assert.deepEqual(readScopeValue(scopeValue(value)), value);
});

test("a golden record; one of an unknown kind or of another size is nothing", () => {
  const at = layout.guardedEvent;
  const bytes = new Uint8Array(at.size);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(at.timeNs, 5_000_000n, true);
  view.setBigUint64(at.startNs, 12_345_678_901n, true);
  view.setBigUint64(at.cgroupId, 77n, true);
  view.setUint32(at.tgid, 42, true);
  view.setUint32(at.rule, 9, true);
  view.setUint8(at.hook, constant.hookConnect);
  view.setUint8(at.outcome, constant.outcomeDenied);
  view.setUint8(at.plane, constant.planeCgroup);
  view.setUint8(at.family, 2);
  view.setUint16(at.remotePort, 443, true);
  bytes.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1], at.remote);
  bytes.set(new TextEncoder().encode("curl"), at.comm);
  assert.deepEqual(decodeGuarded(bytes, 1000), {
    type: "guarded",
    timeMs: 1005,
    process: { pid: 42, startMs: 12_340 },
    comm: "curl",
    cgroupId: 77,
    hook: "connect",
    outcome: "denied",
    plane: "cgroup",
    rule: 9,
    path: "",
    tuple: { localAddress: "::", localPort: 0, remoteAddress: "10.0.0.1", remotePort: 443 },
  });
  view.setUint8(at.hook, 99);
  assert.equal(decodeGuarded(bytes, 0), undefined);
  assert.equal(decodeGuarded(bytes.subarray(1), 0), undefined);
});

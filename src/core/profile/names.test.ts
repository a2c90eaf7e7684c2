// Numbers, masks and lists of names: against facts that everybody can look up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilitiesOfMask, capabilityName, capabilityNames, defaultCapabilities } from "./capabilities.ts";
import { neverAllowed } from "./data/runtime-default.ts";
import { runtimeBases } from "./data/runtime-base.ts";
import { inferFromCall, inferFromDeed, inferFromNames } from "./infer-capabilities.ts";
import { namesOf } from "./names.ts";
import { runtimeDefault } from "./runtime-default.ts";
import { isArchitecture, isSystemCall, systemCallName, systemCallNames, systemCallsOf } from "./system-calls.ts";
import type { CallEvent, FileDeedEvent } from "../sense/deed-events.ts";

test("system calls by number, of both architectures", () => {
  const cases = [
    ["x86_64", 0, "read"],
    ["x86_64", 59, "execve"],
    ["x86_64", 257, "openat"],
    ["x86_64", 334, "rseq"],
    ["x86_64", 435, "clone3"],
    ["x86_64", 462, "mseal"],
    ["x86_64", 400, undefined],
    ["aarch64", 63, "read"],
    ["aarch64", 221, "execve"],
    ["aarch64", 56, "openat"],
    ["aarch64", 79, "newfstatat"],
    ["aarch64", 293, "rseq"],
    ["aarch64", 435, "clone3"],
  ] as const;
  for (const [architecture, number, name] of cases) assert.equal(systemCallName(architecture, number), name);
  assert.ok(systemCallNames("x86_64").length > 370 && systemCallNames("aarch64").length > 310);
  assert.equal(new Set(systemCallNames("x86_64")).size, systemCallNames("x86_64").length);
  assert.ok(isArchitecture("aarch64") && !isArchitecture("riscv64"));
  assert.ok(isSystemCall("mkdir") && !isSystemCall("mkfile"));
});

test("a bitmap becomes names and the numbers that have none", () => {
  const bitmap = new Uint8Array(64);
  for (const number of [0, 257, 511]) bitmap[number >> 3] = (bitmap[number >> 3] ?? 0) | (1 << (number & 7));
  assert.deepEqual(systemCallsOf("x86_64", bitmap), { names: ["openat", "read"], unnamed: [511] });
});

test("capability masks as /proc writes them", () => {
  // A default container under containerd: CapEff of /proc/PID/status.
  assert.deepEqual(capabilitiesOfMask("00000000a80425fb"), [...defaultCapabilities].toSorted());
  assert.equal(capabilitiesOfMask("000001ffffffffff").length, capabilityNames.length);
  assert.deepEqual(capabilitiesOfMask("0000000000000000"), []);
  assert.deepEqual(capabilitiesOfMask(1n << 45n), ["cap_45"]);
  for (const text of ["CAP_NET_RAW", "NET_RAW", "net_raw", " cap_net_raw"])
    assert.equal(capabilityName(text), "net_raw");
});

test("RuntimeDefault: what needs a capability comes with it, what is refused stays refused", () => {
  const plain = runtimeDefault("x86_64", defaultCapabilities);
  for (const name of ["read", "clone", "ptrace", "chroot"]) assert.ok(plain.has(name), name);
  for (const name of ["mount", "bpf", "unshare", "io_uring_setup", "keyctl"]) assert.ok(!plain.has(name), name);
  const admin = runtimeDefault("x86_64", ["sys_admin"]);
  assert.ok(admin.has("mount") && admin.has("bpf") && !admin.has("chroot") && !admin.has("keyctl"));
  assert.ok(plain.size > 280 && plain.size < 330, String(plain.size));
  for (const name of neverAllowed) assert.ok(isSystemCall(name), name);
});

test("names of base sets are system calls, listed once each", () => {
  for (const { systemCalls, version } of Object.values(runtimeBases)) {
    for (const name of systemCalls) assert.ok(isSystemCall(name), `${version}: ${name}`);
    assert.equal(new Set(systemCalls).size, systemCalls.length, version);
  }
  assert.deepEqual(namesOf("\n a  b\nc "), ["a", "b", "c"]);
});

const call = (name: CallEvent["call"], over: Partial<CallEvent> = {}): CallEvent => ({
  type: "call",
  call: name,
  way: "syscall",
  arguments: [],
  result: 0,
  text: "",
  descriptor: undefined,
  credentials: undefined,
  count: 1,
  timeMs: 1,
  process: { pid: 2, startMs: 3 },
  comm: "app",
  cgroupId: 4,
  ...over,
});

test("a capability is concluded only from a call that must have needed it", () => {
  const bound = (port: number) => ({
    number: 3,
    kind: "ipv4" as const,
    protocol: "tcp" as const,
    path: "",
    tuple: { localAddress: "0.0.0.0", localPort: port, remoteAddress: "", remotePort: 0 },
  });
  const changed = { uidBefore: 0, uidAfter: 33, capabilitiesBefore: 1, capabilitiesAfter: 0 };
  const cases: readonly [CallEvent, string][] = [
    [call("socket", { arguments: [17, 3] }), "net_raw"],
    [call("socket", { arguments: [2, 3 | 0o2000000] }), "net_raw"],
    [call("socket", { arguments: [16, 3] }), ""],
    [call("socket", { arguments: [2, 1] }), ""],
    [call("bind", { descriptor: bound(80) }), "net_bind_service"],
    [call("bind", { descriptor: bound(8080) }), ""],
    [call("setuid", { credentials: changed }), "setuid"],
    [call("setuid", { credentials: { ...changed, uidAfter: 0 } }), ""],
    [call("unshare", { arguments: [0x20000] }), "sys_admin"],
    [call("unshare", { arguments: [0x10020000] }), ""],
    [call("bpf", { result: -1 }), ""],
    [call("chroot", { comm: "runc:[2:INIT]" }), ""],
    [call("chroot"), "sys_chroot"],
  ];
  for (const [event, capability] of cases) assert.equal(inferFromCall(event), capability, JSON.stringify(event));
  assert.deepEqual(inferFromNames(["read", "mount", "chroot"]), ["sys_admin", "sys_chroot"]);
  const deed = { type: "file", deed: "chown", error: 0, comm: "app" } as FileDeedEvent;
  assert.equal(inferFromDeed(deed), "chown");
  assert.equal(inferFromDeed({ ...deed, error: 1 }), "");
});

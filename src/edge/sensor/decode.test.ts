// Golden bytes, one record per type: written by hand from bpf/events.h, so that a shifted field shows. And records that make no sense.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { SensorEvent } from "../../core/sense/sensor.ts";
import { createDecode, splitArguments } from "./decode.ts";
import { eventType, layout, limit } from "./layout.gen.ts";
import { createStringCache } from "./string-cache.ts";
import { createTextCache } from "./text-cache.ts";

const bootMs = 1_700_000_000_000;

function decodeHex(hex: string): SensorEvent | undefined {
  return decodeBytes(Buffer.from(hex.replaceAll(/\s|#.*$/gm, ""), "hex"));
}

function decodeBytes(record: Uint8Array): SensorEvent | undefined {
  const memory = new ArrayBuffer(Math.ceil((record.length + 16) / 8) * 8);
  const bytes = Buffer.from(memory);
  bytes.set(record, 8);
  const views = { bytes, halves: new Uint16Array(memory), words: new Uint32Array(memory) };
  return createDecode(views, { texts: createTextCache(), strings: createStringCache(), bootMs })(8, record.length);
}

/** 5.25 s after boot, cgroup 2^32+7, started at 1.239 s, pid 4242, comm "nginx". */
function headerHex(type: number, flags: number): string {
  const typeHex = type.toString(16).padStart(2, "0");
  const flagsHex = flags.toString(16).padStart(2, "0");
  return `80 a4 ec 38 01 00 00 00  07 00 00 00 01 00 00 00  c0 a3 d9 49 00 00 00 00
          92 10 00 00  ${typeHex} 00  ${flagsHex} 00  6e 67 69 6e 78 00 00 00 00 00 00 00 00 00 00 00`;
}

const base = { timeMs: bootMs + 5250, process: { pid: 4242, startMs: 1230 }, comm: "nginx", cgroupId: 4294967303 };
const v4 = { localAddress: "10.0.0.1", remoteAddress: "192.168.255.254" };
const addresses4 = "00 00 00 00 00 00 00 00 00 00 ff ff 0a 00 00 01  00 00 00 00 00 00 00 00 00 00 ff ff c0 a8 ff fe";
const addresses6 = "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01  fe 80 00 00 00 00 00 00 00 00 00 00 12 34 56 78";
const v6 = { localAddress: "2001:db8::1", remoteAddress: "fe80::1234:5678" };
const ports = "90 1f  bb 01"; // 8080, 443
const tcpBody = `2a 00 00 00 00 00 00 00  e8 03 00 00 01 00 00 00  32 00 00 00 00 00 00 00
  05 00 00 00 04 00 00 00 01 00 00 00 d2 04 00 00 68 00 00 00 ${ports}`;
const tcp = {
  socketId: 42,
  bytesSent: 4294968296,
  bytesReceived: 50,
  packetsSent: 5,
  packetsReceived: 4,
  retransmits: 1,
  rttUs: 1234,
  error: 104,
  localPort: 8080,
  remotePort: 443,
};

const golden: [name: string, hex: string, expected: object][] = [
  [
    "exec",
    `${headerHex(1, 0x64)} 00 6d 7c 4d 00 00 00 00  ff ff ff ff ff 01 00 00  01 00 00 00 e8 03 00 00 64 00 00 00
     08 00 06 00 04 00 03 00  00 fe 00 00 2a 00 00 00 01 00 00 00  00 d2 49 6b 00 00 00 00  00 d2 49 6b 01 00 00 00
     ff 01 00 00 00 00 00 00  01 00 00 00 00 00 00 00  f8 ff ff ef  f9 ff ff ef  05 00 00 00 06 00 00 00 07 00 00 00
     ff ff ff ff  00 88 00 00  02 00 00 00  00 00 00 00 00 00 00 00
     2f 62 69 6e 2f 64 6f 67  61 00 00 62 62 00  2f 74 6d 70  2e 2f 61`,
    {
      type: "exec",
      parent: { pid: 1, startMs: 1300 },
      capabilities: 2199023255551,
      uid: 1000,
      gid: 100,
      path: "/bin/dog",
      arguments: ["a", "", "bb"],
      argumentsCut: true,
      workingDirectory: "/tmp",
      facts: {
        device: 0xfe00,
        inode: 4294967338,
        fileModifiedMs: 1800,
        fileChangedMs: 6094,
        isFileless: true,
        isUpper: true,
        mountNamespace: 0xeffffff8,
        pidNamespace: 0xeffffff9,
        innerPid: 5,
        processGroup: 6,
        session: 7,
        loginUid: 4294967295,
        terminal: 0x8800,
        capabilitiesPermitted: 511,
        capabilitiesInheritable: 1,
        seccompMode: 2,
        script: "./a",
      },
    },
  ],
  [
    "fork",
    `${headerHex(2, 0)} 00 6d 7c 4d 00 00 00 00  01 00 00 00 e8 03 00 00 64 00 00 00 00 00 00 00`,
    { type: "fork", parent: { pid: 1, startMs: 1300 }, uid: 1000, gid: 100 },
  ],
  ["exit, code", `${headerHex(3, 0)} 00 07 00 00 00 00 00 00`, { type: "exit", exitCode: 7, signal: 0 }],
  ["exit, core dumped", `${headerHex(3, 0)} 8b 00 00 00 00 00 00 00`, { type: "exit", exitCode: -1, signal: 11 }],
  [
    "tcp-open",
    `${headerHex(4, 1)} ${tcpBody} ${addresses4}`,
    { type: "tcp-open", ...tcp, ...v4, direction: "inbound", wasReset: false },
  ],
  [
    "tcp-failed",
    `${headerHex(5, 2)} ${tcpBody} ${addresses6}`,
    { type: "tcp-failed", ...tcp, ...v6, direction: "outbound", wasReset: false },
  ],
  [
    "tcp-close",
    `${headerHex(6, 8)} ${tcpBody} ${addresses4}`,
    { type: "tcp-close", ...tcp, ...v4, direction: "unknown", wasReset: true },
  ],
  [
    "tcp-sample",
    `${headerHex(7, 2)} ${tcpBody} ${addresses4}`,
    { type: "tcp-sample", ...tcp, ...v4, direction: "outbound", wasReset: false },
  ],
  [
    "udp",
    `${headerHex(8, 2)} 00 01 00 00  02 00 00 00  ${ports} 00 00 00 00 ${addresses4}`,
    { type: "udp", ...v4, localPort: 8080, remotePort: 443, direction: "outbound", bytes: 256, packets: 2 },
  ],
  [
    "dns",
    `${headerHex(9, 5)} 2a 00 00 00 00 00 00 00  ${ports} 03 00 00 00 ${addresses6} 61 62 63 ff ff`,
    {
      type: "dns",
      sinceBootUs: 5_250_000,
      ...v6,
      localPort: 8080,
      remotePort: 443,
      direction: "inbound",
      payload: Uint8Array.of(97, 98, 99),
      payloadCut: true,
    },
  ],
  [
    "first-bytes",
    `${headerHex(10, 2)} 2a 00 00 00 00 00 00 00  ${ports} 03 00 00 00 ${addresses4} 47 45 54`,
    {
      type: "first-bytes",
      sinceBootUs: 5_250_000,
      ...v4,
      localPort: 8080,
      remotePort: 443,
      direction: "outbound",
      socketId: 42,
      payload: Uint8Array.of(71, 69, 84),
    },
  ],
  ["cgroup-made", `${headerHex(11, 0)} 02 00 00 00 00 00 00 00 2f 61 00`, { type: "cgroup-made", path: "/a" }],
  ["cgroup-removed", `${headerHex(12, 0)} 02 00 00 00 00 00 00 00 2f 61 00`, { type: "cgroup-removed", path: "/a" }],
];
/** "/a/b" of the folder "/a", asked for as "../x", with the target "c" in "/t". */
const fileStrings = "2f 61 2f 62  62 79 65  2f 61  63  2f 74";
golden.push(
  [
    "file, with the path of the kernel",
    `${headerHex(13, 0x20)} 03 00 00 00 01 00 00 00  2a 00 00 00 01 00 00 00  00 fe 00 00  41 02 00 00  a4 01 00 00
     00 00 00 00  f8 ff ff ef  01 00 00 00  01 00 00 00  04 00 03 00 00 00 00 00 00 00 01 00  2f 61 2f 62  62 79 65`,
    {
      type: "file",
      deed: "create",
      call: "openat",
      way: "syscall",
      path: "/a/b",
      requestedPath: "bye",
      targetPath: "",
      flags: 0x241,
      mode: 0o644,
      device: 0xfe00,
      inode: 4294967338,
      error: 0,
      isUpper: true,
      kind: "file",
      count: 1,
    },
  ],
  [
    "file, as asked, by io_uring",
    `${headerHex(13, 0x80)} 03 00 00 00 01 00 00 00  00 00 00 00 00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00
     0d 00 00 00  f8 ff ff ef  01 00 00 00  02 00 05 00 00 00 03 00 02 00 01 00 02 00 00 00  ${fileStrings.slice(13)}`,
    {
      type: "file",
      deed: "rename",
      call: "renameat",
      way: "io_uring",
      path: "/a/bye",
      requestedPath: "bye",
      targetPath: "/t/c",
      flags: 0,
      mode: 0,
      device: 0,
      inode: 0,
      error: 13,
      isUpper: false,
      kind: undefined,
      count: 1,
    },
  ],
  [
    "call with a socket",
    `${headerHex(14, 0)} 03 00 00 00 01 00 00 00  05 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  10 00 00 00 00 00 00 00
     00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  91 ff ff ff ff ff ff ff
     00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  f8 ff ff ef 01 00 00 00  05 00 00 00
     04 00  03 00  06 00  ${ports}  00 00 00 00 00 00  00 00 00 00  ${addresses4}`,
    {
      type: "call",
      call: "connect",
      way: "syscall",
      arguments: [5, 0, 16],
      result: -111,
      text: "",
      descriptor: {
        number: 5,
        kind: "ipv4",
        protocol: "tcp",
        path: "",
        tuple: { ...v4, localPort: 8080, remotePort: 443 },
      },
      credentials: undefined,
      count: 1,
    },
  ],
);
const call = {
  /** capset, with credentials. */
  hex: `${headerHex(14, 0)} 03 00 00 00 01 00 00 00  ${"00 ".repeat(48)} 00 00 00 00 00 00 00 00
     ff 01 00 00 00 00 00 00  03 00 00 00 00 00 00 00  00 00 00 00 e8 03 00 00  f8 ff ff ef 01 00 00 00  00 00 00 00
     17 00  00 00  00 00  00 00 00 00  02 00 00 00 00 00  00 00 00 00  ${"00 ".repeat(32)} 68 69`,
};
golden.push([
  "call that changes credentials",
  // The flag of credentials is in the second byte, which the other samples do not use.
  call.hex.replace("0e 00  00 00", "0e 00  00 01"),
  {
    type: "call",
    call: "capset",
    way: "syscall",
    arguments: [0, 0],
    result: 0,
    text: "hi",
    descriptor: undefined,
    credentials: { uidBefore: 0, uidAfter: 1000, capabilitiesBefore: 511, capabilitiesAfter: 3 },
    count: 1,
  },
]);
for (const [name, hex, expected] of golden) {
  test(`golden bytes of ${name}`, () => assert.deepEqual(decodeHex(hex), { ...base, ...expected }));
}

test("every event type has golden bytes", () => {
  const { types, ...byName } = eventType;
  assert.ok(types > Math.max(...Object.values(byName)));
  const seen = new Set(golden.map(([, hex]) => decodeHex(hex)?.type));
  assert.equal(seen.size, Object.keys(byName).length);
});

test("an unknown type, a short record, and strings that would end behind the record are refused", () => {
  assert.equal(decodeHex(headerHex(15, 0)), undefined);
  assert.equal(decodeHex("00 00 00 00"), undefined);
  for (const [, hex] of golden) {
    const type = Number.parseInt(hex.replaceAll(/\s/g, "").slice(56, 58), 16);
    assert.equal(decodeHex(headerHex(type, 0)), undefined, `type ${type}`);
  }
  assert.equal(
    decodeHex(`${headerHex(9, 0)} 2a 00 00 00 00 00 00 00  ${ports} 03 01 00 00 ${addresses4} 61 62 63`),
    undefined,
  );
  assert.equal(decodeHex(`${headerHex(11, 0)} ff ff ff ff 00 00 00 00 2f 61 00`), undefined);
});

test("any bytes decode to an event or to nothing, and never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 400 }), fc.integer({ min: 0, max: 16 }), (bytes, type) => {
      if (bytes.length > layout.eventHeader.type) bytes[layout.eventHeader.type] = type;
      if (bytes.length > layout.eventHeader.type + 1) bytes[layout.eventHeader.type + 1] = 0;
      const event = decodeBytes(bytes);
      return event === undefined || typeof event.timeMs === "number";
    }),
  );
});

test("the longest record fits the part of the ring that is mapped twice", () => {
  const strings = 2 * limit.pathBytesMax + limit.argumentsBytesMax + limit.requestBytesMax + limit.environmentBytesMax;
  assert.ok(layout.execEvent.size + strings < 32_768);
  assert.ok(layout.fileEvent.size + 2 * limit.pathBytesMax + 2 * limit.requestBytesMax < 32_768);
  assert.ok(layout.payloadEvent.size + limit.dnsLargeBytesMax < 32_768);
});

const areas: readonly [area: string, expected: readonly string[]][] = [
  ["", []],
  ["a\0", ["a"]],
  ["a\0b\0", ["a", "b"]],
  ["a\0\0", ["a", ""]],
  ["a\0cu", ["a", "cu"]],
];
for (const [area, expected] of areas) {
  test(`argument area ${JSON.stringify(area)}`, () => assert.deepEqual(splitArguments(area), expected));
}

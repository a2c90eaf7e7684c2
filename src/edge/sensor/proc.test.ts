// Texts of /proc as tables: process names with brackets, ids, namespaces, TCP rows of both families, and lines that make no sense.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseTcpRow } from "./proc-net.ts";
import { cgroupMount, createCgroupIds, parseCredentials, parseStat, readRunning } from "./proc.ts";

const numbers = "S 7 1 1 0 -1 4194304 100 0 0 0 1 2 3 4 20 0 1 0 12345 1000 100";
const stats: readonly [text: string, expected: ReturnType<typeof parseStat>][] = [
  [
    `42 (bash) ${numbers}`,
    { process: { pid: 42, startMs: 123_450 }, parentPid: 7, comm: "bash", isKernelThread: false },
  ],
  [
    `42 (a) b (c)) ${numbers}`,
    { process: { pid: 42, startMs: 123_450 }, parentPid: 7, comm: "a) b (c)", isKernelThread: false },
  ],
  [
    `42 (kworker/0:1) ${numbers.replace("4194304", "69238880")}`,
    { process: { pid: 42, startMs: 123_450 }, parentPid: 7, comm: "kworker/0:1", isKernelThread: true },
  ],
  ["", undefined],
  ["42 (bash", undefined],
  ["42 (bash) S", undefined],
];
for (const [text, expected] of stats) {
  test(`stat ${JSON.stringify(text.slice(0, 20))}`, () => assert.deepEqual(parseStat(text), expected));
}

test("effective ids and capabilities", () => {
  const status = "Name:\tx\nUid:\t1000\t0\t1000\t1000\nGid:\t100\t5\t100\t100\nCapEff:\t000001ffffffffff\n";
  assert.deepEqual(parseCredentials(status), { uid: 0, gid: 5, capabilities: 0x1ffffffffff });
  assert.deepEqual(parseCredentials(""), { uid: 0, gid: 0, capabilities: 0 });
});

const v4 =
  "   1: 0100007F:1F90 0200000A:BF68 01 00000000:00000000 00:00000000 00000000  1000        0 45678 1 0000000000000000 20 4 30 10 -1";
const v6 =
  "   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 999 1";
const mapped =
  "   2: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000200000A:0001 06 00000000:00000000 03:00000000 00000000     0        0 0 3";
const rows: readonly [line: string, expected: ReturnType<typeof parseTcpRow>][] = [
  [
    v4,
    {
      localAddress: "127.0.0.1",
      localPort: 8080,
      remoteAddress: "10.0.0.2",
      remotePort: 49_000,
      state: "established",
      inode: 45_678,
      uid: 1000,
    },
  ],
  [
    v6,
    { localAddress: "::1", localPort: 22, remoteAddress: "::", remotePort: 0, state: "listening", inode: 999, uid: 0 },
  ],
  [
    mapped,
    {
      localAddress: "127.0.0.1",
      localPort: 8080,
      remoteAddress: "10.0.0.2",
      remotePort: 1,
      state: "other",
      inode: 0,
      uid: 0,
    },
  ],
  ["", undefined],
  ["  sl  local_address rem_address   st", undefined],
  ["   1: 0100007F:1F90 0200000A:BF68 01", undefined],
];
for (const [line, expected] of rows) {
  test(`tcp row ${JSON.stringify(line.slice(0, 24))}`, () => assert.deepEqual(parseTcpRow(line), expected));
}

test("no text makes the parsers throw", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseStat(text);
      parseCredentials(text);
      parseTcpRow(text);
    }),
  );
});

test("a captured tree: mounts, a process with its cgroup, and one that is gone", () => {
  const root = mkdtempSync(join(tmpdir(), "garrison-proc-"));
  try {
    writeFileSync(join(root, "mounts"), `x / ext4 rw 0 0\ncgroup2 ${root} cgroup2 rw 0 0\n`);
    mkdirSync(join(root, "pod"));
    mkdirSync(join(root, "42"));
    mkdirSync(join(root, "43"));
    writeFileSync(join(root, "42/stat"), `42 (bash) ${numbers}`);
    writeFileSync(join(root, "42/status"), "Uid:\t1\t2\t3\t4\nGid:\t1\t2\t3\t4\nCapEff:\t0000000000000000\n");
    writeFileSync(join(root, "42/cmdline"), "bash\0-c\0true\0");
    writeFileSync(join(root, "42/cgroup"), "4:memory:/x\n0::/pod\n");
    assert.equal(cgroupMount(root), root);
    const [event, ...others] = readRunning(root, 5);
    assert.deepEqual(others, []);
    assert.deepEqual(event?.arguments, ["bash", "-c", "true"]);
    assert.deepEqual([event?.uid, event?.path, event?.parent.pid, event?.timeMs], [2, "", 7, 5]);
    assert.ok((event?.cgroupId ?? 0) > 0);
    assert.equal(createCgroupIds(root).idOf("0::/pod"), event?.cgroupId);
    assert.equal(createCgroupIds(root).idOf("0::/none"), 0);
    assert.equal(createCgroupIds(undefined).idOf("0::/pod"), 0);
  } finally {
    rmSync(root, { recursive: true });
  }
});

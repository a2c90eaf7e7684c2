// The three kinds of notices byte by byte, as the kernel's headers lay them out, and that nonsense is left.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { auditedExecs, parseAuditRecord } from "./audit-records.ts";
import { parseFileNotices } from "./file-notices.ts";
import { holeCounter, listenMessage, parseNotice } from "./proc-notices.ts";

/** nlmsghdr, cn_msg, proc_event. */
function datagram(what: number, fields: readonly number[], { cpu = 1, sequence = 7 } = {}): Uint8Array {
  const view = new DataView(new ArrayBuffer(36 + 16 + 24));
  view.setUint32(0, view.byteLength, true);
  view.setUint16(4, 3, true);
  view.setUint32(16, 1, true);
  view.setUint32(20, 1, true);
  view.setUint32(24, sequence, true);
  view.setUint16(32, 40, true);
  view.setUint32(36, what, true);
  view.setUint32(40, cpu, true);
  view.setBigUint64(44, 123_456_789n, true);
  for (const [index, field] of fields.entries()) view.setUint32(52 + index * 4, field, true);
  return new Uint8Array(view.buffer);
}

test("process notices", () => {
  const cases: readonly (readonly [number, readonly number[], unknown])[] = [
    [0x1, [10, 10, 11, 11], { what: "fork", pid: 11, parentPid: 10 }],
    [0x1, [10, 10, 12, 10], undefined],
    [0x2, [11, 11], { what: "exec", pid: 11 }],
    [0x4, [11, 11, 1000, 0], { what: "uid", pid: 11, effectiveUid: 0 }],
    [0x100, [11, 11, 20, 20], { what: "ptrace", pid: 11, tracerPid: 20 }],
    [0x100, [11, 11, 0, 0], undefined],
    [0x8000_0000, [11, 11, 3 << 8, 17], { what: "exit", pid: 11, exitCode: 3, signal: 0 }],
    [0x8000_0000, [11, 11, 0x80 | 11, 17], { what: "exit", pid: 11, exitCode: -1, signal: 11 }],
    [0x8000_0000, [12, 11, 0, 17], undefined],
    [0x200, [11, 11], undefined],
  ];
  for (const [what, fields, notice] of cases)
    assert.deepEqual(parseNotice(datagram(what, fields)), { processor: 1, sequence: 7, atNs: 123_456_789n, notice });
  assert.equal(parseNotice(datagram(0, [0])), undefined, "an acknowledgement");
  const other = datagram(2, [1, 1]);
  other[16] = 9;
  assert.equal(parseNotice(other), undefined, "another connector");
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void parseNotice(bytes)));
});

test("listening is asked for and taken back", () => {
  const words = (isListening: boolean) => [...new Uint32Array(listenMessage(42, isListening).buffer)];
  assert.deepEqual(words(true), [40, 3, 0, 42, 1, 1, 0, 0, 4, 1]);
  assert.deepEqual(words(false).at(-1), 2);
});

test("holes in the numbers are what was lost, of each processor by itself", () => {
  const count = holeCounter();
  const at = (processor: number, sequence: number): number =>
    count({ processor, sequence, atNs: 0n, notice: undefined });
  assert.deepEqual([at(0, 5), at(0, 6), at(1, 100), at(0, 10), at(1, 101), at(0, 11)], [0, 0, 0, 3, 0, 0]);
  assert.deepEqual([at(2, 0xffff_ffff), at(2, 0), at(2, 2), at(2, 0)], [0, 0, 1, 0]);
});

test("file notices: records one after the other, an overflow without a file, a version that is not known", () => {
  const record = (mask: number, descriptor: number, pid: number, version = 3): Uint8Array => {
    const view = new DataView(new ArrayBuffer(24));
    view.setUint32(0, 24, true);
    view.setUint8(4, version);
    view.setUint16(6, 24, true);
    view.setUint32(8, mask, true);
    view.setInt32(16, descriptor, true);
    view.setInt32(20, pid, true);
    return new Uint8Array(view.buffer);
  };
  const two = Buffer.concat([record(0x20, 9, 77), record(0x4000, -1, 0)]);
  assert.deepEqual(parseFileNotices(two), {
    notices: [
      { mask: 0x20, descriptor: 9, pid: 77 },
      { mask: 0x4000, descriptor: -1, pid: 0 },
    ],
    isWhole: true,
  });
  assert.equal(parseFileNotices(Buffer.concat([two, record(1, 3, 1, 4)])).isWhole, false);
  assert.equal(parseFileNotices(two.subarray(0, 30)).isWhole, false);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void parseFileNotices(bytes)));
});

function audit(type: number, text: string): Uint8Array {
  const head = new DataView(new ArrayBuffer(16));
  head.setUint16(4, type, true);
  return Buffer.concat([new Uint8Array(head.buffer), Buffer.from(text)]);
}

test("audit: the records of an exec are put together; hexadecimal texts are read; others are left", () => {
  const execs = auditedExecs();
  const add = (type: number, text: string): void => {
    const record = parseAuditRecord(audit(type, text));
    if (record !== undefined) execs.add(record);
  };
  const id = "audit(1764151200.123:42): ";
  add(
    1300,
    `${id}arch=c000003e syscall=59 success=yes exit=0 ppid=9 pid=10 uid=1000 euid=0 egid=5 comm="sh" exe="/bin/dash"`,
  );
  add(1309, `${id}argc=3 a0="sh" a1="-c" a2=6563686F2022686922`);
  assert.deepEqual(execs.take(10), {
    pid: 10,
    parentPid: 9,
    uid: 0,
    gid: 5,
    comm: "sh",
    path: "/bin/dash",
    arguments: ["sh", "-c", 'echo "hi"'],
  });
  assert.equal(execs.take(10), undefined, "once");
  add(1309, 'audit(1764151200.123:43): argc=1 a0="alone"');
  add(1300, "audit(1764151200.123:44): success=no pid=11");
  add(1309, 'audit(1764151200.123:44): argc=1 a0="failed"');
  add(1309, "nonsense");
  assert.equal(execs.take(11), undefined);
});

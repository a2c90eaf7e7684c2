// Deeds on files to rows: what is kept, what is merged, what falls out and is counted.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileDeedEvent } from "../../core/sense/deed-events.ts";
import type { Subject } from "../../model/identity.ts";
import { createFileRows, fileRowLimits, type FileDoer } from "./file-rows.ts";

const subject: Subject = {
  namespace: "shop",
  workload: "web",
  workloadKind: "Deployment",
  service: "",
  pod: "web-1",
  container: "web",
  containerId: "c1",
  image: "web:1",
  imageDigest: "sha256:1",
  identityReason: "",
};
const doerOf = (own: Partial<Subject> = {}): FileDoer => ({
  cell: { subject: { ...subject, ...own }, isPending: false, containerId: own.containerId ?? "c1" },
  record: undefined,
});

function deed(own: Partial<FileDeedEvent> = {}): FileDeedEvent {
  return {
    type: "file",
    timeMs: 1000,
    process: { pid: 7, startMs: 1 },
    comm: "web",
    cgroupId: 1,
    deed: "open",
    call: "openat",
    way: "syscall",
    path: "/data/a",
    requestedPath: "/data/a",
    targetPath: "",
    flags: 1,
    mode: 0,
    device: 1,
    inode: 2,
    error: 0,
    isUpper: false,
    kind: "file",
    count: 1,
    ...own,
  };
}

const host: Partial<Subject> = { containerId: "", workloadKind: "Host", workload: "node" };
const cases: readonly [name: string, event: Partial<FileDeedEvent>, own: Partial<Subject>, isKept: boolean][] = [
  ["a write", { flags: 1 }, {}, true],
  ["a write of the machine", { flags: 2 }, host, true],
  ["a first read of a container", { flags: 0 }, {}, true],
  ["a read of the machine", { flags: 0 }, host, false],
  ["a write to /dev/null", { flags: 1, path: "/dev/null" }, {}, false],
  ["a write to a disk", { flags: 1, path: "/dev/vda" }, {}, true],
  ["a read of the own /proc", { flags: 0, path: "/proc/12/status" }, {}, false],
  ["a folder that is listed", { flags: 0, kind: "directory" }, {}, false],
  ["a name that is not there", { error: 2 }, {}, false],
  ["a refusal", { error: 13, flags: 0 }, {}, true],
  ["a rename", { deed: "rename", targetPath: "/b" }, {}, true],
  ["a removal that failed", { deed: "unlink", error: 2 }, {}, true],
  ["a mount of the machine", { deed: "mount" }, host, true],
  ["nothing that has a name", { path: "", requestedPath: "" }, {}, false],
];
for (const [name, event, own, isKept] of cases) {
  test(`${name} is ${isKept ? "a row" : "no row"}`, () => {
    const rows = createFileRows("kernel");
    rows.take(deed(event), doerOf(own));
    assert.equal(rows.flush(0, "last").length, isKept ? 1 : 0);
    assert.equal(rows.takeOmitted(), 0);
  });
}

test("equal deeds of a window are one row with their count; another one is another row", () => {
  const rows = createFileRows("kernel");
  const doer = doerOf();
  for (let round = 0; round < 1000; round += 1) rows.take(deed(), doer);
  rows.take(deed({ count: 40 }), doer);
  rows.take(deed({ deed: "chmod", mode: 0o755 }), doer);
  assert.deepEqual(rows.flush(1000), []);
  const flushed = rows.flush(1000 + fileRowLimits.windowMs);
  assert.deepEqual(
    flushed.map(({ action, count, path, workload }) => [action, count, path, workload]),
    [
      ["open", 1040, "/data/a", "web"],
      ["chmod", 1, "/data/a", "web"],
    ],
  );
  assert.deepEqual(rows.flush(1000 + 2 * fileRowLimits.windowMs), []);
});

test("a workload's read is told once for hours, and again by another image", () => {
  const rows = createFileRows("kernel");
  const told = (timeMs: number, own: Partial<Subject> = {}): number => {
    rows.take(deed({ flags: 0, timeMs }), doerOf(own));
    return rows.flush(timeMs, "last").length;
  };
  assert.deepEqual(
    [told(1), told(60_000), told(70_000, { pod: "web-2" }), told(80_000, { imageDigest: "sha256:2" })],
    [1, 0, 0, 1],
  );
  assert.equal(told(fileRowLimits.readAgainMs + 1), 1);
});

test("a workload's flood does not take the others' room, and what falls out is counted", () => {
  const rows = createFileRows("kernel");
  const noisy = doerOf();
  for (let number = 0; number < fileRowLimits.rowsPerWorkloadMax + 7; number += 1) {
    rows.take(deed({ path: `/data/${number}` }), noisy);
  }
  rows.take(deed(), doerOf({ workload: "other" }));
  const flushed = rows.flush(0, "last");
  assert.equal(flushed.length, fileRowLimits.rowsPerWorkloadMax + 1);
  assert.equal(flushed.at(-1)?.workload, "other");
  assert.equal(rows.takeOmitted(), 7);
  assert.equal(rows.takeOmitted(), 0);
});

test("a name that comes late is in the row", () => {
  const rows = createFileRows("kernel");
  const cell = { subject: { ...subject, workload: "", identityReason: "not yet" }, isPending: true, containerId: "c1" };
  rows.take(deed(), { cell, record: undefined });
  cell.subject = subject;
  assert.equal(rows.flush(0, "last")[0]?.workload, "web");
});

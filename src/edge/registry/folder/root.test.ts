import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { skipUnless } from "../../../../test/support/skip.ts";
import { Fault } from "../../../base/fault.ts";
import { openContainer } from "../container/container-source.ts";
import { imageLimits, type TreeEntry, type TreeImage } from "../image-source.ts";
import { openImage } from "../open-image.ts";
import { openRootFolder } from "./root-source.ts";

const folder = mkdtempSync(path.join(tmpdir(), "garrison-root-"));
after(() => rmSync(folder, { recursive: true }));
const signal = new AbortController().signal;

function contentOf(entry: TreeEntry): Buffer {
  return Buffer.concat([...entry.pieces()].map((piece) => Buffer.from(piece)));
}

function tree(): string {
  const root = mkdtempSync(path.join(folder, "t"));
  for (const name of ["etc", "usr/bin", "proc/1", "var/lib/containerd/x"])
    mkdirSync(path.join(root, name), { recursive: true });
  writeFileSync(path.join(root, "etc/os-release"), "ID=debian\n");
  writeFileSync(path.join(root, "usr/bin/tool"), "x", { mode: 0o755 });
  writeFileSync(path.join(root, "proc/1/environ"), "SECRET=1");
  writeFileSync(path.join(root, "var/lib/containerd/x/y"), "z");
  symlinkSync("/etc/passwd", path.join(root, "etc/out"));
  symlinkSync("/etc", path.join(root, "outside"));
  symlinkSync("usr/bin", path.join(root, "bin"));
  return root;
}

test("a folder's entries, links told and not followed, the kernel's and the runtimes' own left out", async () => {
  const root = tree();
  await using source = (await openImage({ kind: "root", path: root })) as TreeImage & AsyncDisposable;
  const entries = [...source.entries(signal)];
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  assert.deepEqual(
    entries.map((entry) => entry.path),
    [
      "bin",
      "etc",
      "etc/os-release",
      "etc/out",
      "outside",
      "proc",
      "usr",
      "usr/bin",
      "usr/bin/tool",
      "var",
      "var/lib",
      "var/lib/containerd",
    ],
  );
  assert.equal(byPath.get("outside")?.type, "symlink");
  assert.equal(byPath.get("outside")?.linkTarget, "/etc");
  assert.equal(byPath.get("usr/bin/tool")?.mode, 0o755);
  assert.equal(contentOf(byPath.get("etc/os-release")!).toString(), "ID=debian\n");
  assert.throws(
    () => contentOf(byPath.get("etc/out")!),
    (thrown) => thrown instanceof Fault && /ELOOP/.test(thrown.message),
  );
  assert.deepEqual(
    source.gaps.map(({ subject }) => subject),
    ["var/lib/containerd"],
  );
});

test("a file comes in pieces; one that changed or is mostly a hole is a Fault", async () => {
  const root = tree();
  const large = Buffer.from(Array.from({ length: 3_000_001 }, (_, index) => (index * 31) % 251));
  writeFileSync(path.join(root, "usr/bin/large"), large);
  writeFileSync(path.join(root, "usr/bin/hole"), "");
  truncateSync(path.join(root, "usr/bin/hole"), imageLimits.sparseBytesMax + 1);
  await using source = openRootFolder(root) as TreeImage & AsyncDisposable;
  const byPath = new Map([...source.entries(signal)].map((entry) => [entry.path, entry]));
  let largest = 0;
  const chunks: Buffer[] = [];
  for (const piece of byPath.get("usr/bin/large")!.pieces()) {
    largest = Math.max(largest, piece.length);
    chunks.push(Buffer.from(piece));
  }
  assert.ok(Buffer.concat(chunks).equals(large));
  assert.ok(largest <= 512 * 1024, `${largest}`);
  writeFileSync(path.join(root, "usr/bin/tool"), "longer than it was");
  const reading = byPath.get("usr/bin/large")!.pieces()[Symbol.iterator]();
  reading.next();
  truncateSync(path.join(root, "usr/bin/large"), 1_000_000);
  const cases = [
    ["registry/file-changed", () => contentOf(byPath.get("usr/bin/tool")!)],
    ["registry/file-changed", () => Array.from({ length: 8 }, () => reading.next())],
    ["registry/file-sparse", () => contentOf(byPath.get("usr/bin/hole")!)],
  ] as const;
  for (const [code, read] of cases)
    assert.throws(read, (thrown) => thrown instanceof Fault && thrown.code === code, code);
});

test("a folder that becomes a link while it is walked leads nowhere", async () => {
  const root = tree();
  await using source = openRootFolder(root) as TreeImage & AsyncDisposable;
  const seen: TreeEntry[] = [];
  for (const entry of source.entries(signal)) {
    seen.push(entry);
    if (entry.path === "usr") {
      renameSync(path.join(root, "usr"), path.join(root, "moved"));
      symlinkSync("/usr", path.join(root, "usr"));
    }
  }
  assert.ok(!seen.some((entry) => entry.path.startsWith("usr/")));
  assert.ok(source.gaps.some((gap) => gap.kind === "file-unreadable" && gap.subject === "usr"));
});

test("folders too deep are gaps, and other things than files are told", async (context) => {
  const root = mkdtempSync(path.join(folder, "d"));
  mkdirSync(path.join(root, Array.from({ length: 230 }, () => "d").join("/")), { recursive: true });
  await using source = openRootFolder(root) as TreeImage & AsyncDisposable;
  assert.equal([...source.entries(signal)].length, 201);
  assert.equal(source.gaps[0]?.kind, "limit-reached");
  if (!skipUnless(context, process.platform === "linux" && existsSync("/proc/self/fd"), "Linux, for /proc and devices"))
    return;
  await using devices = openRootFolder("/dev") as TreeImage & AsyncDisposable;
  const zero = [...devices.entries(signal)].find((entry) => entry.path === "zero");
  assert.ok(zero?.type === "other");
  assert.throws(() => contentOf(zero), /no regular file/);
  const others = readdirSync("/").filter((name) => name !== "proc" && name !== "sys");
  const leftOut = new Map(others.map((name) => [name, ""]));
  await using all = openRootFolder("/", { leftOut }) as TreeImage & AsyncDisposable;
  assert.ok(![...all.entries(signal)].some((entry) => /^(proc|sys)\/./.test(entry.path)));
  assert.ok(all.gaps.some((gap) => gap.subject === "proc" && /type proc/.test(gap.because)));
});

test("a root that is not there, a container that does not run", async () => {
  assert.throws(
    () => openRootFolder(path.join(folder, "absent")),
    (thrown) => thrown instanceof Fault && thrown.code === "registry/not-found",
  );
  await assert.rejects(
    openImage({ kind: "container", id: "0".repeat(64) }),
    (thrown) => thrown instanceof Fault && thrown.code === "registry/no-container",
  );
  await assert.rejects(
    openImage({ kind: "container", id: "../1" }),
    (thrown) => thrown instanceof Fault && thrown.code === "registry/bad-container-id",
  );
});

test("a process's root is read in place; its container's id comes from its cgroup", async (context) => {
  if (
    !skipUnless(context, process.platform === "linux" && process.getuid?.() === 0, "root on Linux, for /proc/PID/root")
  )
    return;
  const root = tree();
  const child = spawn("unshare", ["--mount", "--fork", "--kill-child", "sleep", "60"], { stdio: "ignore" });
  context.after(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  await using real = openContainer({ pid: child.pid! }) as TreeImage & AsyncDisposable;
  assert.equal(real.reference.length > 0, true);
  assert.equal(real.entries(signal)[Symbol.iterator]().next().done, false);
  // A made-up /proc: ids, beginnings of ids, two that begin alike.
  const proc = mkdtempSync(path.join(folder, "proc"));
  const ids = ["a".repeat(64), `a${"b".repeat(63)}`];
  for (const [pid, id] of [
    [41, ids[0]!],
    [40, ids[0]!],
    [50, ids[1]!],
  ] as const) {
    mkdirSync(path.join(proc, String(pid)));
    writeFileSync(path.join(proc, String(pid), "cgroup"), `0::/kubepods.slice/cri-containerd-${id}.scope\n`);
    symlinkSync(root, path.join(proc, String(pid), "root"));
  }
  await using found = openContainer({ id: "aaaaaa" }, proc) as TreeImage & AsyncDisposable;
  assert.equal(found.reference, ids[0]);
  assert.ok([...found.entries(signal)].some((entry) => entry.path === "etc/os-release"));
  writeFileSync(path.join(proc, "50", "cgroup"), `0::/docker/${"aaaaaa".padEnd(64, "c")}\n`);
  assert.throws(
    () => openContainer({ id: "aaaaaa" }, proc),
    (thrown) => thrown instanceof Fault && thrown.code === "registry/choose-image",
  );
});

// Paths walked inside somebody's root: links of every kind, loops, and nobody left to look through.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readlinkSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { until } from "../../../test/support/agents-door.ts";
import { skipUnless } from "../../../test/support/skip.ts";
import { createPathPlaces, joinAsWritten, placesLimits } from "./path-places.ts";

const namespace = 4026531840;
/** A /proc of one process, whose root is `root`. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), "garrison-places-")));
const root = join(folder, "root");
mkdirSync(join(root, "data/real"), { recursive: true });
mkdirSync(join(folder, "proc/7/ns"), { recursive: true });
symlinkSync(`mnt:[${namespace}]`, join(folder, "proc/7/ns/mnt"));
symlinkSync(root, join(folder, "proc/7/root"));
mkdirSync(join(folder, "proc/1"));
for (const pid of [1, 7]) symlinkSync("/proc/self/mountinfo", join(folder, `proc/${pid}/mountinfo`));
writeFileSync(join(root, "data/real/file"), "");
symlinkSync("real", join(root, "data/relative"));
symlinkSync("/data/real", join(root, "data/absolute"));
symlinkSync("../data/./absolute", join(root, "data/twice"));
symlinkSync("/data/real/file", join(root, "data/name"));
symlinkSync("loop", join(root, "data/loop"));
symlinkSync("../../../../../../data/real", join(root, "data/outside"));
after(() => rmSync(folder, { recursive: true }));

const ask = (path: string, followsLast = false, pid = 7) => ({
  pid,
  parentPid: 8,
  mountNamespace: namespace,
  path: root + path,
  followsLast,
});

const cases: readonly [path: string, followsLast: boolean, expected: string][] = [
  ["/data/real/file", false, "/data/real/file"],
  ["/data/relative/file", false, "/data/real/file"],
  ["/data/absolute/file", false, "/data/real/file"],
  ["/data/twice/file", false, "/data/real/file"],
  ["/data/outside/file", false, "/data/real/file"],
  // ".." leaves the folder that a link led to, not the one that the link is in.
  ["/data//relative/./../relative/file", false, "/data/real/file"],
  ["/data/absolute/../real/file", false, "/data/real/file"],
  ["/data/name", false, "/data/name"],
  ["/data/name", true, "/data/real/file"],
  ["/data/name/", true, "/data/real/file"],
  ["/data/not/there", true, "/data/not/there"],
  ["/", true, "/"],
];
for (const [path, followsLast, expected] of cases) {
  test(`${path}${followsLast ? ", followed to its end," : ""} is ${expected}`, () => {
    assert.equal(
      createPathPlaces(join(folder, "proc")).resolve(ask(path, followsLast)),
      expected === "/" ? root : root + expected,
    );
  });
}

test("a loop of links ends", () => {
  const found = createPathPlaces(join(folder, "proc")).resolve(ask("/data/loop/file"));
  assert.equal(found, `${root}/data/loop/file`);
});

test("a process that is gone, or whose number now belongs to another namespace, is not looked through", () => {
  const places = createPathPlaces(join(folder, "proc"));
  assert.equal(places.resolve(ask("/data/relative/../x", false, 99)), `${root}/data/x`);
  assert.equal(places.resolve({ ...ask("/data/relative/x"), mountNamespace: 1 }), `${root}/data/relative/x`);
  assert.equal(places.unwalked(), 2);
});

test("of the machine's own processes those in a chroot are walked in their root, the others in the machine's", () => {
  const machine = 4026531841;
  const proc = join(folder, "machine");
  const cage = join(root, "cage");
  mkdirSync(join(cage, "etc"), { recursive: true });
  writeFileSync(join(cage, "etc/passwd"), "");
  symlinkSync("/etc", join(cage, "link"));
  // 1: the machine's first; 7: in the chroot; 8: its parent; 9: one that is gone.
  for (const [pid, itsRoot] of [
    [1, "/"],
    [7, cage],
    [8, "/"],
  ] as const) {
    mkdirSync(join(proc, `${pid}/ns`), { recursive: true });
    symlinkSync(`mnt:[${machine}]`, join(proc, `${pid}/ns/mnt`));
    symlinkSync(itsRoot, join(proc, `${pid}/root`));
    symlinkSync("/proc/self/mountinfo", join(proc, `${pid}/mountinfo`));
  }
  const places = createPathPlaces(proc);
  const asked = { parentPid: 8, mountNamespace: machine, path: `${cage}/link/passwd`, followsLast: true };
  assert.equal(places.resolve({ ...asked, pid: 7 }), `${cage}/etc/passwd`);
  assert.equal(places.resolve({ ...asked, pid: 7, root: cage }), `${cage}/etc/passwd`);
  assert.equal(places.resolve({ ...asked, pid: 8 }), "/etc/passwd");
  assert.equal(places.resolve({ ...asked, pid: 9 }), "/etc/passwd");
  assert.equal(places.resolve({ ...asked, pid: 9, parentPid: 7 }), `${cage}/etc/passwd`);
  assert.equal(places.unwalked(), 0);
  // The kernel told that it was in a chroot, and nobody of it is left.
  assert.equal(places.resolve({ ...asked, pid: 9, root: cage }), `${cage}/link/passwd`);
  assert.equal(places.unwalked(), 1);
  places.close();
});

test("when the last process of a mount namespace goes, its files do not get the names of the machine's own", async (context) => {
  if (!skipUnless(context, process.geteuid?.() === 0, "root, to mount in a namespace of its own")) return;
  const at = join(folder, "rebound");
  mkdirSync(at);
  const script = `mount --rbind / ${at} && echo ready && exec chroot ${at} sleep 60`;
  const child = spawn("unshare", ["--mount", "/bin/sh", "-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  const places = createPathPlaces();
  const { pid = 0 } = child;
  const question = (path: string) => ({
    pid,
    parentPid: process.pid,
    mountNamespace: Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/mnt`))?.[0]),
    path: at + path,
    followsLast: true,
    root: at,
  });
  try {
    await once(child.stdout, "data");
    await until("the chroot", () => readlinkSync(`/proc/${pid}/root`) === at);
    const second = question("/usr/bin");
    assert.equal(places.resolve(question("/usr")), `${at}/usr`);
    child.kill("SIGKILL");
    await once(child, "exit");
    // Still the same turn of the reader, which has the root open.
    assert.equal(places.resolve(second), `${at}/usr/bin`);
    assert.equal(places.unwalked(), 1);
  } finally {
    child.kill("SIGKILL");
    places.close();
  }
});

test("only so many are walked in one turn, and no namespace takes the share of another", () => {
  const other = 4026531842;
  mkdirSync(join(folder, "proc/9/ns"), { recursive: true });
  symlinkSync(`mnt:[${other}]`, join(folder, "proc/9/ns/mnt"));
  symlinkSync(root, join(folder, "proc/9/root"));
  symlinkSync("/proc/self/mountinfo", join(folder, "proc/9/mountinfo"));
  const places = createPathPlaces(join(folder, "proc"));
  const question = ask("/data/relative/x");
  for (let count = 0; count < placesLimits.walksOfNamespaceMax; count += 1)
    assert.equal(places.resolve(question), `${root}/data/real/x`);
  assert.equal(places.resolve(question), `${root}/data/relative/x`);
  assert.equal(places.resolve({ ...question, pid: 9, mountNamespace: other }), `${root}/data/real/x`);
  places.newTurn();
  assert.equal(places.resolve(question), `${root}/data/real/x`);
  assert.equal(places.unwalked(), 1);
});

const written: readonly [path: string, expected: string][] = [
  ["/a/b", "/a/b"],
  ["/a/../../b", "/b"],
  ["//a/./b/", "/a/b"],
  ["", "/"],
];
for (const [path, expected] of written) {
  test(`as written, ${JSON.stringify(path)} is ${expected}`, () => assert.equal(joinAsWritten(path), expected));
}

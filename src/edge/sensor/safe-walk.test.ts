// Look-ups that never wait: local filesystems of the machine are looked at, those of somebody else only as far as the kernel's cache goes.
import assert from "node:assert/strict";
import { closeSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { findFile } from "./guard/find-file.ts";
import { createDeviceBook, createSafeWalker, openRoot, placeInCache, walkLimits } from "./safe-walk.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "garrison-walk-")));
mkdirSync(join(folder, "real"));
writeFileSync(join(folder, "real/file"), "");
symlinkSync("/real", join(folder, "link"));
symlinkSync("../../link/file", join(folder, "name"));
symlinkSync("loop", join(folder, "loop"));
symlinkSync("real/file", join(folder, "busybox"));
symlinkSync("busybox", join(folder, "nc"));
const root = openRoot(folder) ?? -1;
after(() => {
  closeSync(root);
  rmSync(folder, { recursive: true });
});
const mounts = "/proc/self/mountinfo";

test("links stay inside the root, numbers are those of stat", () => {
  const walked = createSafeWalker(mounts, mounts).walk(root, "/name", { followsLast: true });
  assert.ok(typeof walked === "object");
  const { dev, ino } = statSync(join(folder, "real/file"));
  assert.deepEqual([walked.path, walked.looked.device, walked.looked.inode], ["/real/file", dev, ino]);
  assert.deepEqual(walked.lastLinks, ["../../link/file"]);
});

test("a link on a filesystem that the machine did not mount is not read", () => {
  const walker = createSafeWalker(mounts, "/proc/self/no-such-file");
  assert.equal(walker.walk(root, "/link/file", { followsLast: true }), "blocked");
  assert.equal(walker.walk(root, "/missing-and-never-looked-for", { followsLast: true }), "blocked");
});

test("loops and what is not there are missing", () => {
  const walker = createSafeWalker(mounts, mounts);
  for (const path of ["/loop", "/real/none", "/real/file/below"])
    assert.equal(walker.walk(root, path, { followsLast: true }), "missing", path);
  assert.deepEqual(placeInCache(root, "/loop", true), { error: "ELOOP" });
});

test("a file for a rule: the file itself, but of a multi-call program only when it is allowed", () => {
  const { dev: device, ino: inode } = statSync(join(folder, "real/file"));
  const file = { path: join(folder, "real/file"), device, inode };
  assert.deepEqual(findFile("", join(folder, "busybox"), "block"), file);
  assert.equal(findFile("", join(folder, "nc"), "block"), undefined);
  assert.deepEqual(findFile("", join(folder, "nc"), "allow"), file);
  assert.deepEqual(findFile("", join(folder, "real"), "block"), { path: join(folder, "real"), device: 0, inode: 0 });
});

test("a file system that was mounted just now is known at once; one that is foreign costs no reads", () => {
  const mounted = new Set(["254:0"]);
  let [now, reads] = [0, 0];
  const isLocal = createDeviceBook(
    () => {
      reads += 1;
      return new Set(mounted);
    },
    () => now,
  );
  assert.deepEqual([isLocal("254:0"), reads], [true, 1]);
  mounted.add("0:39");
  now += walkLimits.mountsReadAgainMs + 1;
  assert.deepEqual([isLocal("0:39"), isLocal("254:0"), reads], [true, true, 2]);
  now += walkLimits.mountsReadAgainMs + 1;
  for (let count = 0; count < 100; count += 1) assert.equal(isLocal("0:66"), false);
  assert.equal(reads, 3);
  // Nobody makes it read all the time by asking for ever new ones.
  for (let count = 0; count < 100; count += 1) isLocal(`0:${1000 + count}`);
  assert.equal(reads, 3);
  mounted.add("0:66");
  now += walkLimits.mountsReadEveryMs + 1;
  assert.deepEqual([isLocal("0:66"), reads], [true, 4]);
});

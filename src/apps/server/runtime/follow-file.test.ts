import assert from "node:assert/strict";
import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { followFile, type FileFollower, type FilePlace } from "./follow-file.ts";
import { auditFileLimits } from "./limits.ts";

async function scene(t: TestContext) {
  const folder = await mkdtemp(path.join(tmpdir(), "garrison-follow-"));
  t.after(() => rm(folder, { recursive: true }));
  return path.join(folder, "audit.log");
}

/** Everything that is new, committed. */
async function all(
  follower: FileFollower,
): Promise<{ lines: string[]; tooLong: number; place: FilePlace | undefined }> {
  const lines: string[] = [];
  let tooLong = 0;
  let place: FilePlace | undefined;
  for (;;) {
    const reading = await follower.read();
    if (reading === undefined) return { lines, tooLong, place };
    lines.push(...reading.text.split("\n").filter((line) => line !== ""));
    tooLong += reading.tooLong;
    place = reading.commit();
  }
}

test("whole lines only, and again until they are committed", async (t) => {
  const file = await scene(t);
  await writeFile(file, "one\ntwo\nthr");
  const follower = followFile(file, undefined);
  t.after(() => follower.close());
  assert.equal((await follower.read())?.text, "one\ntwo\n");
  assert.deepEqual((await all(follower)).lines, ["one", "two"]);
  await appendFile(file, "ee\n");
  assert.deepEqual((await all(follower)).lines, ["three"]);
  assert.equal(await follower.read(), undefined);
});

test("a restart goes on where the last one committed", async (t) => {
  const file = await scene(t);
  await writeFile(file, "one\ntwo\n");
  const first = followFile(file, undefined);
  const { place } = await all(first);
  await first.close();
  await appendFile(file, "three\n");
  const second = followFile(file, place);
  t.after(() => second.close());
  assert.deepEqual((await all(second)).lines, ["three"]);
});

test("rotation: the old file's rest first, its last line without an end too, then the new file", async (t) => {
  const file = await scene(t);
  await writeFile(file, "one\n");
  const follower = followFile(file, undefined);
  t.after(() => follower.close());
  await all(follower);
  await appendFile(file, "two\nthree");
  await rename(file, `${file}.1`);
  await writeFile(file, "four\n");
  assert.deepEqual((await all(follower)).lines, ["two", "three", "four"]);
  assert.equal(follower.counters.rotations, 1);
});

test("rotation while nobody read: the renamed file is found by its inode; one that is gone is counted", async (t) => {
  const file = await scene(t);
  await writeFile(file, "one\n");
  const first = followFile(file, undefined);
  const { place } = await all(first);
  await first.close();
  await appendFile(file, "two\n");
  await rename(file, `${file}.1`);
  await writeFile(file, "three\n");
  const second = followFile(file, place);
  assert.deepEqual((await all(second)).lines, ["two", "three"]);
  await second.close();
  // Their inode numbers would be given again at once, so the new file is made first.
  await writeFile(`${file}.new`, "four\n");
  await rm(file);
  await rm(`${file}.1`);
  await rename(`${file}.new`, file);
  const third = followFile(file, place);
  t.after(() => third.close());
  assert.deepEqual((await all(third)).lines, ["four"]);
  assert.equal(third.counters.lost, 1);
});

test("a file that is emptied is read from its beginning, also when it has grown past the old place", async (t) => {
  const file = await scene(t);
  await writeFile(file, "one\ntwo\n");
  const follower = followFile(file, undefined);
  t.after(() => follower.close());
  await all(follower);
  await truncate(file, 0);
  await appendFile(file, "a\n");
  assert.deepEqual((await all(follower)).lines, ["a"]);
  await truncate(file, 0);
  await appendFile(file, "much longer than before\nb\n");
  assert.deepEqual((await all(follower)).lines, ["much longer than before", "b"]);
  assert.equal(follower.counters.truncations, 2);
});

test("a line over the limit is skipped whole, over several readings and a restart, and counted once", async (t) => {
  const file = await scene(t);
  const long = "x".repeat(auditFileLimits.lineBytesMax + 1);
  const longest = "y".repeat(auditFileLimits.chunkBytes * 2 + 5);
  await writeFile(file, `one\n${long}\ntwo\n${longest}`);
  const first = followFile(file, undefined);
  const before = await all(first);
  assert.deepEqual([before.lines, before.tooLong], [["one", "two"], 2]);
  await first.close();
  await appendFile(file, "yyy\nthree\n");
  const second = followFile(file, before.place);
  t.after(() => second.close());
  const after = await all(second);
  assert.deepEqual([after.lines, after.tooLong], [["three"], 0]);
});

test("a file that is not there is said, and read when it comes", async (t) => {
  const file = await scene(t);
  const follower = followFile(file, undefined);
  t.after(() => follower.close());
  await assert.rejects(follower.read(), { code: "ENOENT" });
  await writeFile(file, "one\n");
  assert.deepEqual((await all(follower)).lines, ["one"]);
});

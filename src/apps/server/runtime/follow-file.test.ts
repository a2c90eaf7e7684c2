import assert from "node:assert/strict";
import { appendFile, type FileHandle, mkdtemp, open, rename, rm, truncate, utimes, writeFile } from "node:fs/promises";
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

for (const [before, rest] of [
  ["", "two\nthree\n"],
  ["tw", "o\nthree\n"],
] as const)
  test(`rotation right behind a reading that found ${before === "" ? "nothing" : "half a line"}: what was written in between is not lost`, async (t) => {
    const file = await scene(t);
    await writeFile(file, "one\n");
    const follower = followFile(file, undefined);
    t.after(() => follower.close());
    await all(follower);
    await appendFile(file, before);
    // Every handle's: the follower's next reading is the one that comes too early.
    await using probe = await open(file, "r");
    const handles = Object.getPrototypeOf(probe) as FileHandle;
    const original: unknown = Reflect.get(handles, "read");
    assert.ok(typeof original === "function");
    const read = t.mock.method(handles, "read", async function (this: FileHandle, ...given: readonly unknown[]) {
      const found: unknown = await Reflect.apply(original, this, given);
      if (given[3] !== "one\n".length) return found;
      read.mock.restore();
      await appendFile(file, rest);
      await rename(file, `${file}.1`);
      await writeFile(file, "four\n");
      return found;
    });
    assert.deepEqual((await all(follower)).lines, ["two", "three", "four"]);
    assert.equal(follower.counters.rotations, 1);
  });

for (const names of [
  (file: string) => [`${file}.2`, `${file}.1`],
  (file: string) => ["10-00-00.000", "10-00-01.000"].map((time) => file.replace(".log", `-2026-11-26T${time}.log`)),
])
  test(`two rotations between reads: every file is read, in its order, and nothing older or other (${path.basename(names("a.log")[0] ?? "")})`, async (t) => {
    const file = await scene(t);
    const [first = "", second = ""] = names(file);
    await writeFile(`${file}.3`, "old\n");
    await utimes(`${file}.3`, 1, 1);
    await writeFile(`${file}.bak`, "other\n");
    await writeFile(file, "one\n");
    const follower = followFile(file, undefined);
    t.after(() => follower.close());
    await all(follower);
    await appendFile(file, "two\n");
    await rename(file, first);
    await writeFile(file, "three\nfour");
    await rename(file, second);
    await writeFile(file, "five\n");
    assert.deepEqual((await all(follower)).lines, ["two", "three", "four", "five"]);
    assert.deepEqual([follower.counters.rotations, follower.counters.lost], [2, 0]);
    await appendFile(file, "six\n");
    assert.deepEqual((await all(follower)).lines, ["six"]);
  });

test("files of one instant are read once each, by their names", async (t) => {
  const file = await scene(t);
  await writeFile(file, "one\n");
  const follower = followFile(file, undefined);
  t.after(() => follower.close());
  await all(follower);
  await rename(file, `${file}.10`);
  await writeFile(`${file}.9`, "two\n");
  await writeFile(`${file}.2`, "three\n");
  await writeFile(file, "four\n");
  for (const name of [`${file}.10`, `${file}.9`, `${file}.2`, file]) await utimes(name, 1000, 1000);
  assert.deepEqual((await all(follower)).lines, ["two", "three", "four"]);
});

test("what was rotated away and is compressed or gone before it was read is counted", async (t) => {
  const file = await scene(t);
  await writeFile(file, "one\n");
  const follower = followFile(file, undefined);
  t.after(() => follower.close());
  await all(follower);
  await rename(file, `${file}.2`);
  await writeFile(`${file}.1.gz`, "compressed");
  await writeFile(file, "three\n");
  for (const [name, time] of [
    [`${file}.2`, 1000],
    [`${file}.1.gz`, 1001],
    [file, 1002],
  ] as const)
    await utimes(name, time, time);
  assert.deepEqual((await all(follower)).lines, ["three"]);
  assert.equal(follower.counters.lost, 1);
  await rename(file, `${file}.1`);
  await writeFile(file, "gone\n");
  await writeFile(`${file}.new`, "five\n");
  await rm(`${file}.1`);
  await rename(`${file}.new`, file);
  assert.deepEqual((await all(follower)).lines, ["five"]);
  assert.equal(follower.counters.lost, 2);
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

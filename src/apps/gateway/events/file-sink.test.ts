// The file of events: what is not in it is counted, whatever the reason, and a disk that failed for a moment ends nothing.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { skipUnless } from "../../../../test/support/skip.ts";
import { openLineSink } from "./file-sink.ts";

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-sink-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries += 1) {
    assert.ok(tries < 12_000, "in time");
    await delay(5);
  }
}

test("a full disk: every line is counted, it is said once, and the file goes on when there is room", async (context) => {
  if (!skipUnless(context, existsSync("/dev/full"), "/dev/full: a disk that is full")) return;
  const folder = folderOf(context);
  const file = path.join(folder, "events");
  symlinkSync("/dev/full", file);
  const told: string[] = [];
  const sink = await openLineSink(file, { onFailure: (because) => told.push(because), retryMs: 5 });
  sink.write("one");
  await until(() => told.length > 0);
  sink.write("two");
  await until(() => sink.dropped === 2);
  sink.write("three");
  await until(() => sink.dropped === 3);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /ENOSPC/);
  unlinkSync(file);
  let written = 0;
  await until(() => {
    sink.write("line");
    written += 1;
    return told.length === 2;
  });
  await sink.close();
  assert.equal(told[1], "");
  const lines = readFileSync(file, "utf8").trim().split("\n").length;
  assert.equal(lines + sink.dropped, 3 + written, "each line is in the file or counted");
});

test("a rotation that fails leaves the old file, and is told", async (context) => {
  const folder = folderOf(context);
  const file = path.join(folder, "events");
  const told: string[] = [];
  const sink = await openLineSink(file, { onFailure: (because) => told.push(because) });
  sink.write("one");
  renameSync(file, `${file}.1`);
  mkdirSync(file);
  await sink.reopen();
  sink.write("two");
  rmSync(file, { recursive: true });
  await sink.reopen();
  sink.write("three");
  await sink.close();
  assert.match(told[0] ?? "", /EISDIR/);
  assert.equal(readFileSync(`${file}.1`, "utf8"), "one\ntwo\n");
  assert.equal(readFileSync(file, "utf8"), "three\n");
  assert.equal(sink.dropped, 0);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SensorEvent } from "../../sense/sensor.ts";
import { exec, file } from "../rules.fixture.ts";
import { argumentsBytesMax, createProcessBook, graceMs } from "./book.ts";
import { ancestorOf } from "./facts.ts";

const limits = { processesMax: 100, processBytesMax: 1_000_000, ancestorsMax: 4 };
const bookOf = (more: Partial<typeof limits> = {}) => createProcessBook({ ...limits, ...more });
const key = (pid: number) => ({ pid, startMs: pid });
const at = (pid: number) => ({ process: key(pid), comm: "x", cgroupId: 7, timeMs: 1 });
const fork = (pid: number, parent: number): SensorEvent => ({
  type: "fork",
  timeMs: 1,
  process: key(pid),
  parent: key(parent),
  comm: "sh",
  cgroupId: 7,
  uid: 0,
  gid: 0,
});
const exit = (pid: number, timeMs: number): SensorEvent => ({
  type: "exit",
  timeMs,
  process: key(pid),
  comm: "x",
  cgroupId: 7,
  exitCode: 0,
  signal: 0,
});

test("a fork is its parent's program until it executes its own; ancestors stay what they were", () => {
  const book = bookOf();
  for (const event of [exec(10, 1, ["/bin/sh", "-c", "x"]), fork(11, 10)]) book.observe(event);
  assert.deepEqual([book.find(at(11)).executable, book.find(at(11)).parent?.comm], ["/bin/sh", "sh"]);
  for (const event of [exec(11, 10, ["/bin/cat"]), exec(10, 1, ["/bin/other"])]) book.observe(event);
  assert.deepEqual(
    [book.find(at(11)).comm, book.find(at(11)).parent?.comm, book.find(at(10)).comm],
    ["cat", "sh", "other"],
  );
  assert.equal(book.find(at(10)).serial, book.find(at(11)).parent?.serial, "the same process under both programs");
});

test("a number that is used again is another process", () => {
  const book = bookOf();
  book.observe(exec(10, 1, ["/bin/sh"]));
  assert.equal(book.find({ ...at(10), process: { pid: 10, startMs: 99 } }).isKnown, false);
  assert.equal(book.stats().unknown, 1);
});

test("an ended one stays for late events, then goes; its children keep it as parent", () => {
  const book = bookOf();
  for (const event of [exec(10, 1, ["/bin/sh"]), fork(11, 10), exit(10, 1000)]) book.observe(event);
  book.expire(1000 + graceMs - 1);
  assert.equal(book.find(at(10)).isKnown, true);
  book.expire(1000 + graceMs);
  assert.equal(book.stats().processes, 1);
  assert.equal(book.find(at(11)).parent?.executable, "/bin/sh");
});

test("generations of daemons do not grow a chain for ever", () => {
  const book = bookOf();
  book.observe(exec(10, 1, ["/bin/d"]));
  for (let pid = 11; pid < 60; pid += 1) {
    book.observe(fork(pid, pid - 1));
    book.observe(exit(pid - 1, 5));
  }
  assert.equal(ancestorOf(book.find(at(59)), limits.ancestorsMax + 2), undefined);
  assert.ok(ancestorOf(book.find(at(59)), limits.ancestorsMax - 1) !== undefined);
});

test("number, bytes and arguments are limited and counted; ended ones go first", () => {
  const book = bookOf({ processesMax: 3 });
  for (const event of [exec(10, 1, ["/a"]), exec(11, 1, ["/b"]), exit(11, 5), exec(12, 1, ["/c"]), exec(13, 1, ["/d"])])
    book.observe(event);
  assert.deepEqual([book.find(at(10)).isKnown, book.stats().processes, book.stats().evicted], [true, 3, 1]);
  const heavy = bookOf({ processBytesMax: 100_000 });
  for (let pid = 1; pid < 50; pid += 1) heavy.observe(exec(pid, 0, ["/a", "x".repeat(3 * argumentsBytesMax)]));
  assert.ok(heavy.stats().bytes <= 100_000 && heavy.stats().processes >= 1);
  assert.equal(heavy.stats().argumentsCut, 49);
  assert.equal(heavy.stats().evicted + heavy.stats().processes, 49);
});

test("a process keeps its program's name whatever it calls itself; only the stages of runc are taken, of runc itself", () => {
  const book = bookOf();
  const says = (pid: number, comm: string): string => {
    book.observe({ ...file(pid, "open", "/x", { atMs: 5 }), comm });
    return book.find(at(pid)).comm;
  };
  for (const event of [exec(10, 1, ["/tmp/thief"]), exec(11, 1, ["/usr/sbin/runc"])]) book.observe(event);
  assert.deepEqual(
    [says(10, "sshd"), says(10, "runc:[2:INIT]"), says(11, "sshd"), says(11, "runc:[2:INIT]")],
    ["thief", "thief", "runc", "runc:[2:INIT]"],
  );
});

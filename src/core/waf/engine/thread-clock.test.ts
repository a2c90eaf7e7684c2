// The budget's clock: follows CPU time, is not moved by waiting, and never goes back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createThreadClock } from "./thread-clock.ts";

test("time that the thread did not run does not count, time that it ran does", () => {
  let wall = 1_000_000;
  let cpu = 5000;
  const now = createThreadClock({ wallUs: () => wall, cpuUs: () => cpu });
  assert.equal(now(), 5000);
  wall += 1500;
  cpu += 1500;
  assert.equal(now(), 6500, "followed without asking");
  wall += 900_000;
  assert.equal(now(), 6500, "asleep, or another's turn");
  wall += 100_000;
  cpu += 100_000;
  assert.equal(now(), 106_500);
  wall += 1999;
  const ahead = now();
  wall += 2;
  assert.ok(now() >= ahead, "asking does not turn it back");
});

test("the clock over the system's own goes forward when work is done", () => {
  const now = createThreadClock({
    cpuUs() {
      const { user, system } = process.threadCpuUsage();
      return user + system;
    },
    wallUs: () => performance.now() * 1000,
  });
  const before = now();
  let sum = 0;
  for (let index = 0; index < 3e6; index += 1) sum += index;
  assert.ok(sum > 0 && now() > before);
});

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { createBeat } from "./timer.ts";

/** Lets what waits for promises go on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

test("tasks share one beat: each at its own interval, none over itself, and a failure stops nothing", async (context) => {
  mock.timers.enable({ apis: ["setInterval"] });
  context.after(() => mock.timers.reset());
  const told: unknown[] = [];
  const beat = createBeat(200, (error) => told.push(error));
  const runs = { often: 0, seldom: 0, failing: 0, long: 0 };
  let end: () => void = () => undefined;
  beat.every(200, () => void (runs.often += 1));
  beat.every(900, () => void (runs.seldom += 1));
  beat.every(400, () => {
    runs.failing += 1;
    throw new Error(`run ${runs.failing}`);
  });
  beat.every(200, () => {
    runs.long += 1;
    return new Promise<void>((resolve) => (end = resolve));
  });
  const pass = async (beats: number): Promise<void> => {
    for (let count = 0; count < beats; count += 1) {
      mock.timers.tick(200);
      await settled();
    }
  };
  await pass(4);
  assert.deepEqual(runs, { often: 4, seldom: 0, failing: 2, long: 1 });
  await pass(1);
  assert.equal(runs.seldom, 1, "900 ms are five beats of 200");
  end();
  await settled();
  await pass(1);
  assert.equal(runs.long, 2, "it goes on once it has ended");
  assert.deepEqual(told.map(String), ["Error: run 1", "Error: run 2", "Error: run 3"]);
  beat.stop();
  await pass(5);
  assert.deepEqual(runs, { often: 6, seldom: 1, failing: 3, long: 2 });
});

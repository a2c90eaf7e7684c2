// A reconciler runs at once, on wake-ups, one at a time, and goes on after a failure.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../base/fault.ts";
import { silentLogger } from "../../base/logger.ts";
import { startReconciler } from "./reconcile.ts";

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setImmediate(resolve));
}

test("wake-ups during a run become one more run; a failure does not end it; disposal waits", async () => {
  let runs = 0;
  let atOnce = 0;
  let atOnceMax = 0;
  const logged: string[] = [];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const logger = {
    ...silentLogger,
    info: (_fields: object, message: string) => void logged.push(`info ${message}`),
    error: (_fields: object, message: string) => void logged.push(`error ${message}`),
  };
  const reconciler = startReconciler({
    name: "sample",
    everyMs: 1_000_000,
    logger,
    async run() {
      const gate = gates[runs];
      runs += 1;
      atOnce += 1;
      atOnceMax = Math.max(atOnceMax, atOnce);
      await gate?.promise;
      atOnce -= 1;
      if (runs === 1) throw new Error("a bug");
      if (runs === 2) throw new Fault("away", { code: "a/b", kind: "unavailable" });
    },
  });
  for (let times = 0; times < 5; times += 1) reconciler.wake();
  assert.equal(runs, 1);
  gates[0]?.resolve();
  gates[1]?.resolve();
  await until(() => runs === 2 && atOnce === 0);
  assert.equal(runs, 2, "five wake-ups, one more run");
  reconciler.wake();
  await until(() => runs === 3);
  let isDisposed = false;
  const disposed = reconciler[Symbol.asyncDispose]().then(() => (isDisposed = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isDisposed, false);
  gates[2]?.resolve();
  await disposed;
  assert.deepEqual([runs, atOnceMax], [3, 1]);
  assert.deepEqual(
    logged.map((line) => line.slice(0, 16)),
    ["error reconcilin", "info reconciling"],
  );
});

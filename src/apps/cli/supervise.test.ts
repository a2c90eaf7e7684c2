// A real child of the supervisor: its start and what it says later come in their order.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { supervise } from "./supervise.ts";

test("a child's later lines come by message, apart from its start", async (t) => {
  const data = await mkdtemp(path.join(os.tmpdir(), "garrison-supervise-"));
  t.after(() => rm(data, { recursive: true }));
  const said: string[] = [];
  const noticed = Promise.withResolvers<string>();
  const child = supervise({
    app: "agent",
    codeCache: undefined,
    config: async () => ({ data, server: { address: "127.0.0.1:9" }, sensor: { fidelity: "polled" } }),
    say: (line) => said.push(line),
    notice: noticed.resolve,
  });
  try {
    const { type, notices } = await child.first;
    assert.equal(type, "ready");
    assert.equal(notices.at(-1), "agent    connecting to 127.0.0.1:9 ...");
    assert.match(await noticed.promise, /^agent {4}not connected to 127\.0\.0\.1:9: .*has not joined/);
  } finally {
    await child.stop();
  }
  // A notice is not a second start.
  assert.deepEqual(said, []);
});

// The polling rung against this machine's /proc, without any privilege: processes and connections come and go.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { createPollingSensor } from "./polling-sensor.ts";
import { createRecorder } from "./sensor.fixture.ts";

describe("the machine seen by polling", () => {
  const recorder = createRecorder();
  const sensor = createPollingSensor({ because: "this test wants it", intervalMs: 50 });
  before(() => sensor.start(recorder.onBatch));
  after(() => sensor.close());

  test("says that it polls, why, and what it cannot see", () => {
    assert.equal(sensor.fidelity, "polled");
    assert.equal(sensor.fidelityBecause, "this test wants it");
    const unavailable = sensor.capabilities.filter((capability) => !capability.available);
    assert.deepEqual(
      unavailable.map((capability) => capability.name),
      ["fork", "packets", "cgroups"],
    );
    for (const capability of sensor.capabilities) assert.notEqual(capability.because, "");
  });

  test("what runs already, then a process that starts and ends", async () => {
    const own = await recorder.find("running", (event) => event.process.pid === process.pid);
    assert.ok(own.arguments.length > 0);
    const child = spawn("/bin/sleep", ["60"]);
    const started = await recorder.find("exec", (event) => event.process.pid === child.pid && event.comm === "sleep");
    assert.deepEqual(started.arguments, ["/bin/sleep", "60"]);
    assert.equal(started.parent.pid, process.pid);
    child.kill();
    const ended = await recorder.find("exit", (event) => event.process.pid === child.pid);
    assert.deepEqual([ended.process, ended.exitCode, ended.signal], [started.process, -1, 0]);
  });

  test("a connection's two ends, with their process, until they close", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const client = connect(port, "127.0.0.1");
    const [accepted] = (await once(server, "connection")) as [ReturnType<typeof connect>];
    const outbound = await recorder.find(
      "tcp-open",
      (event) => event.remotePort === port && event.direction === "outbound",
    );
    const inbound = await recorder.find(
      "tcp-open",
      (event) => event.localPort === port && event.direction === "inbound",
    );
    assert.deepEqual([outbound.process.pid, inbound.process.pid], [process.pid, process.pid]);
    assert.deepEqual([outbound.localAddress, outbound.remoteAddress], ["127.0.0.1", "127.0.0.1"]);
    client.destroy();
    accepted.destroy();
    server.close();
    const closed = await recorder.find("tcp-close", (event) => event.socketId === outbound.socketId);
    assert.deepEqual([closed.remotePort, closed.bytesSent], [port, 0]);
  });

  test("without /proc it says that it is blind", async () => {
    const blind = createPollingSensor({ because: "no kernel", procPath: "/nowhere" });
    await blind.start(() => assert.fail("nothing can be seen"));
    await blind.close();
    for (const { available, because } of blind.capabilities)
      assert.deepEqual([available, because], [false, "there is no /nowhere to look at"]);
  });

  test("counts, closes twice", async () => {
    assert.ok((sensor.stats().eventsByType["running"] ?? 0) > 0);
    await sensor.close();
    await sensor.close();
  });
});

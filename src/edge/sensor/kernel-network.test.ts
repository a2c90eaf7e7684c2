// The kernel sensor's view of the network, against the real kernel in a private cgroup and network namespace: every number exact.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { after, before, describe, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Sensor, TcpEvent } from "../../core/sense/sensor.ts";
import { skipUnless } from "../../../test/support/skip.ts";
import { createKernelSensor } from "./kernel-sensor.ts";
import {
  createRecorder,
  kernelSensorMissing,
  makePrivateCgroup,
  makePrivateNetwork,
  type PrivateCgroup,
  type PrivateNetwork,
} from "./sensor.fixture.ts";

const missing = await kernelSensorMissing();
const run = promisify(execFile);
const fixture = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Did {
  readonly pid: number;
  readonly serverPort: number;
  readonly clientPort: number;
  readonly workerPid: number;
  readonly sent: number;
  readonly comm: string;
}

describe("the network seen by the kernel", () => {
  const recorder = createRecorder(() => sensor?.stats().dropsByType);
  let cgroup: PrivateCgroup | undefined;
  let network: PrivateNetwork | undefined;
  let sensor: Sensor | undefined;
  let cgroupId = 0;

  before(async () => {
    if (missing !== "") return;
    cgroup = makePrivateCgroup("network");
    cgroupId = statSync(cgroup.path).ino;
    network = makePrivateNetwork("sensor");
    sensor = await createKernelSensor({ cgroupPath: cgroup.path, sampleIntervalMs: 100 });
    await sensor.start(recorder.onBatch);
  });
  after(async () => {
    await sensor?.close();
    cgroup?.[Symbol.dispose]();
    network?.[Symbol.dispose]();
  });

  const canRun = (context: TestContext): boolean => skipUnless(context, missing === "", `kernel sensor: ${missing}`);
  async function make(scenario: string): Promise<Did> {
    const command = `exec ip netns exec ${network?.name} "$0" ${fixture("network-child.fixture.ts")} ${scenario}`;
    const [shell, flags] = cgroup?.inside(command) ?? ["", []];
    const { stdout } = await run(shell, [...flags, process.execPath]);
    return JSON.parse(stdout) as Did;
  }

  for (const [scenario, address] of [
    ["tcp4", "127.0.0.1"],
    ["tcp6", "::1"],
  ] as const) {
    test(`${scenario}: both ends open and close, with exact bytes, one socket id and a round-trip time`, async (context) => {
      if (!canRun(context)) return;
      const did = await make(scenario);
      const client = (event: TcpEvent): boolean => event.process.pid === did.pid && event.localPort === did.clientPort;
      const server = (event: TcpEvent): boolean => event.process.pid === did.pid && event.localPort === did.serverPort;
      const opened = await recorder.find("tcp-open", client);
      const closed = await recorder.find("tcp-close", client);
      const accepted = await recorder.find("tcp-open", server);
      const ended = await recorder.find("tcp-close", server);
      assert.deepEqual([opened.direction, accepted.direction], ["outbound", "inbound"]);
      assert.deepEqual(
        [opened.localAddress, opened.remoteAddress, opened.remotePort],
        [address, address, did.serverPort],
      );
      assert.deepEqual([ended.localAddress, ended.remoteAddress, ended.remotePort], [address, address, did.clientPort]);
      assert.deepEqual([closed.bytesSent, closed.bytesReceived], [1000, 50]);
      assert.deepEqual([ended.bytesSent, ended.bytesReceived], [50, 1000]);
      assert.deepEqual([closed.socketId, ended.socketId], [opened.socketId, accepted.socketId]);
      assert.notEqual(opened.socketId, accepted.socketId);
      assert.ok(closed.rttUs > 0 && ended.rttUs > 0);
      assert.ok(closed.packetsSent >= 3 && closed.packetsReceived >= 2);
      assert.deepEqual([closed.wasReset, ended.wasReset, closed.error], [false, false, 0]);
      assert.equal(closed.cgroupId, cgroupId);
    });
  }

  test("a reset marks both ends", async (context) => {
    if (!canRun(context)) return;
    const did = await make("reset");
    const sender = await recorder.find(
      "tcp-close",
      (event) => event.process.pid === did.pid && event.localPort === did.serverPort,
    );
    const receiver = await recorder.find(
      "tcp-close",
      (event) => event.process.pid === did.pid && event.remotePort === did.serverPort,
    );
    assert.deepEqual([sender.wasReset, receiver.wasReset], [true, true]);
  });

  test("a refused connection fails with ECONNREFUSED and its ports", async (context) => {
    if (!canRun(context)) return;
    const did = await make("refused");
    const failed = await recorder.find("tcp-failed", (event) => event.process.pid === did.pid);
    assert.deepEqual([failed.remotePort, failed.error, failed.direction], [1, 111, "outbound"]);
    assert.ok(failed.localPort > 0);
  });

  test("a long connection is sampled, and the samples are parts of the total", async (context) => {
    if (!canRun(context)) return;
    const did = await make("long");
    const mine = (event: { process: { pid: number }; remotePort: number }): boolean =>
      event.process.pid === did.pid && event.remotePort === did.serverPort;
    const closed = await recorder.find("tcp-close", mine);
    assert.equal(closed.bytesSent, 1000);
    const samples = recorder.events.flatMap((event) => (event.type === "tcp-sample" && mine(event) ? [event] : []));
    const sampled = samples.reduce((sum, event) => sum + event.bytesSent, 0);
    assert.ok(samples.length >= 2, `${samples.length} samples`);
    assert.ok(sampled > 0 && sampled <= 1000, `${sampled} bytes sampled`);
    assert.equal(new Set([closed, ...samples].map((event) => event.socketId)).size, 1);
  });

  test("a connection belongs to the process that uses it, not to the one that accepted it", async (context) => {
    if (!canRun(context)) return;
    const did = await make("handed-over");
    const closed = await recorder.find("tcp-close", (event) => event.localPort === did.serverPort);
    assert.equal(closed.process.pid, did.workerPid);
    assert.equal(closed.direction, "inbound");
  });

  test("UDP: one event per datagram and side, payload bytes exact", async (context) => {
    if (!canRun(context)) return;
    const did = await make("udp");
    await recorder.find(
      "udp",
      (event) => event.process.pid === did.pid && event.direction === "inbound" && event.bytes === 1400,
    );
    const mine = recorder.events.flatMap((event) =>
      event.type === "udp" && event.process.pid === did.pid ? [event] : [],
    );
    const sent = mine.filter((event) => event.direction === "outbound");
    const received = mine.filter((event) => event.direction === "inbound");
    assert.deepEqual(
      sent.map((event) => event.bytes),
      [1, 100, 1400],
    );
    assert.deepEqual(
      received.map((event) => event.bytes),
      [1, 100, 1400],
    );
    for (const event of sent)
      assert.deepEqual([event.localPort, event.remotePort, event.packets], [did.clientPort, did.serverPort, 1]);
    for (const event of received)
      assert.deepEqual([event.localPort, event.remotePort], [did.serverPort, did.clientPort]);
  });

  test("DNS: question and answer payloads on both sides, cut at the limit and marked", async (context) => {
    if (!canRun(context)) return;
    const did = await make("dns");
    const mine = { pid: did.pid };
    const question = await recorder.find("dns", (event) => event.process.pid === mine.pid && event.remotePort === 53);
    assert.equal(Buffer.from(question.payload).toString(), "a question");
    assert.deepEqual([question.direction, question.payloadCut], ["outbound", false]);
    const answer = await recorder.find(
      "dns",
      (event) => event.process.pid === mine.pid && event.direction === "inbound" && event.remotePort === 53,
    );
    assert.equal(answer.payload.length, 610);
    assert.equal(Buffer.from(answer.payload.subarray(0, 10)).toString(), "a question");
    const large = await recorder.find("dns", (event) => event.process.pid === mine.pid && event.payloadCut);
    assert.equal(large.payload.length, 2048);
  });

  test("first bytes are read only where asked for, once per direction", async (context) => {
    if (!canRun(context)) return;
    const before = await make("http");
    await recorder.find("tcp-close", (event) => event.process.pid === before.pid);
    assert.equal(recorder.events.filter((event) => event.type === "first-bytes").length, 0);
    sensor?.watchFirstBytes(new Set([cgroupId]));
    const did = await make("http");
    const request = await recorder.find(
      "first-bytes",
      (event) => event.process.pid === did.pid && event.direction === "outbound" && event.remotePort === did.serverPort,
    );
    assert.match(Buffer.from(request.payload).toString(), /^GET \/path HTTP\/1\.1\r\nHost: example\.test\r\n/);
    const response = await recorder.find(
      "first-bytes",
      (event) => event.process.pid === did.pid && event.direction === "inbound" && event.remotePort === did.serverPort,
    );
    assert.match(Buffer.from(response.payload).toString(), /^HTTP\/1\.1 204 /);
    assert.equal(request.socketId, response.socketId);
    sensor?.watchFirstBytes(new Set([0]));
    const all = await make("http");
    await recorder.find("first-bytes", (event) => event.process.pid === all.pid);
    sensor?.watchFirstBytes(new Set());
    const later = await make("http");
    await recorder.find("tcp-close", (event) => event.process.pid === later.pid);
    assert.equal(
      recorder.events.filter((event) => event.type === "first-bytes" && event.process.pid === later.pid).length,
      0,
    );
  });

  test("what finds no room in a paused ring is counted: sent = delivered + dropped", async (context) => {
    if (!canRun(context) || cgroup === undefined) return;
    const small = await createKernelSensor({ cgroupPath: cgroup.path, ringLowBytes: 1024 * 1024 });
    try {
      const command = `exec ip netns exec ${network?.name} "$0" ${fixture("udp-load.fixture.ts")} 127.0.0.1 9 20000 64`;
      const [shell, flags] = cgroup.inside(command);
      const { stdout } = await run(shell, [...flags, process.execPath]);
      const did = JSON.parse(stdout) as Did;
      assert.equal(did.sent, 20_000);
      const paused = createRecorder();
      await small.start(paused.onBatch);
      await paused.find("udp", (event) => event.process.pid === did.pid);
      const { eventsByType, dropsByType } = small.stats();
      assert.ok((dropsByType["udp"] ?? 0) > 0);
      assert.equal((eventsByType["udp"] ?? 0) + (dropsByType["udp"] ?? 0), 20_000);
      await run(shell, [...flags, process.execPath]);
      await run(shell, [...flags, process.execPath]);
      const accounted = (): number => {
        const later = small.stats();
        return (later.eventsByType["udp"] ?? 0) + (later.dropsByType["udp"] ?? 0);
      };
      for (let waitedMs = 0; waitedMs < 60_000 && accounted() < 60_000; waitedMs += 50) await sleep(50);
      assert.equal(accounted(), 60_000);
      for (const event of paused.events) {
        if (event.type !== "udp") continue;
        assert.deepEqual(
          [event.bytes, event.remotePort, event.remoteAddress, event.comm],
          [64, 9, "127.0.0.1", did.comm],
        );
      }
    } finally {
      await small.close();
    }
  });

  test("a connection by fast open says that no connect(2) told of it; others do not", async (context) => {
    if (!canRun(context)) return;
    const did = await make("fast-open");
    assert.equal(did.sent, 5);
    const opened = await recorder.find(
      "tcp-open",
      (event) => event.process.pid === did.pid && event.remotePort === did.serverPort,
    );
    assert.deepEqual([opened.direction, opened.isWithoutConnect], ["outbound", true]);
    const byConnect = await make("tcp4");
    const plain = await recorder.find(
      "tcp-open",
      (event) => event.process.pid === byConnect.pid && event.localPort === byConnect.clientPort,
    );
    assert.equal(plain.isWithoutConnect, undefined);
  });

  test("sockets that are older than the sensor have their process from the start", async (context) => {
    if (!canRun(context)) return;
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const older = connect(port, "127.0.0.1");
    await Promise.all([once(older, "connect"), once(server, "connection")]);
    const late = createRecorder();
    const second = await createKernelSensor();
    try {
      await second.start(late.onBatch);
      const newer = connect(port, "127.0.0.1");
      await once(newer, "connect");
      const accepted = await late.find(
        "tcp-open",
        (event) => event.localPort === port && event.remotePort === newer.localPort,
      );
      assert.deepEqual([accepted.process.pid, accepted.direction], [process.pid, "inbound"]);
      const olderPort = older.localPort;
      for (const socket of [older, newer, ...sockets]) socket.destroy();
      const closed = await late.find("tcp-close", (event) => event.localPort === olderPort);
      assert.deepEqual([closed.process.pid, closed.direction, closed.remotePort], [process.pid, "unknown", port]);
    } finally {
      await second.close();
      server.close();
    }
  });

  test("the excluded process's sockets are not reported", async (context) => {
    if (!canRun(context) || cgroup === undefined) return;
    const other = createRecorder();
    const deaf = await createKernelSensor({ cgroupPath: cgroup.path, excludedPid: process.pid });
    try {
      await deaf.start(other.onBatch);
      const port = await ownConnection();
      await recorder.find("tcp-close", (event) => event.process.pid === process.pid && event.remotePort === port);
      const did = await make("udp");
      await other.find("udp", (event) => event.process.pid === did.pid);
      assert.equal(
        other.events.filter((event) => event.type.startsWith("tcp") && event.process.pid === process.pid).length,
        0,
      );
    } finally {
      await deaf.close();
    }
  });
});

/** Connects to itself and closes; resolves to the server's port. */
async function ownConnection(): Promise<number> {
  const server = createServer((socket) => socket.end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect(port, "127.0.0.1");
  client.resume();
  await once(client, "close");
  server.close();
  return port;
}

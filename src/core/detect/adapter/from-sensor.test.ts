// Calls that do what another one does reach rules by the name that rules know.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallEvent, FileDeedEvent } from "../../sense/deed-events.ts";
import type { DetectEvent } from "../event.ts";
import type { TcpEvent } from "../../sense/sensor.ts";
import { fillFromSensor } from "./from-sensor.ts";
import { createToldConnects } from "./told-connects.ts";

const told: FileDeedEvent = {
  type: "file",
  timeMs: 1,
  process: { pid: 7, startMs: 1 },
  comm: "a",
  cgroupId: 1,
  deed: "open",
  call: "openat",
  way: "syscall",
  path: "/var/log/auth.log",
  requestedPath: "/var/log/auth.log",
  targetPath: "",
  flags: 0o1001,
  mode: 0,
  device: 0,
  inode: 0,
  error: 0,
  isUpper: false,
  count: 1,
};
const cases = [
  ["mount", "move_mount", "mount"],
  ["open", "truncate", "open"],
  ["open", "ftruncate", "open"],
  ["open", "openat", "openat"],
] as const;
for (const [deed, call, expected] of cases) {
  test(`${call} is ${expected}`, () => {
    const event = {} as DetectEvent;
    assert.equal(fillFromSensor(event, { ...told, deed, call }, { connect: true, accept: true }), true);
    assert.deepEqual([event.type, event.path, event.flags], [expected, "/var/log/auth.log", 0o1001]);
  });
}

const connection: TcpEvent = {
  type: "tcp-open",
  timeMs: 1,
  process: told.process,
  comm: "a",
  cgroupId: 1,
  socketId: 1,
  direction: "outbound",
  localAddress: "192.0.2.1",
  localPort: 50_000,
  remoteAddress: "192.0.2.2",
  remotePort: 443,
  bytesSent: 0,
  bytesReceived: 0,
  packetsSent: 0,
  packetsReceived: 0,
  retransmits: 0,
  rttUs: 0,
  error: 0,
  wasReset: false,
};

test("a connection that began without connect(2) is a connect; one that a call told of is not told twice", () => {
  const calls = { connect: true, accept: true, connects: createToldConnects() };
  const event = {} as DetectEvent;
  assert.equal(fillFromSensor(event, connection, calls), false);
  const silent: TcpEvent = { ...connection, isWithoutConnect: true };
  assert.equal(fillFromSensor(event, silent, calls), true);
  assert.deepEqual([event.type, event.tuple?.remotePort, event.result], ["connect", 443, 0]);
  assert.equal(fillFromSensor(event, silent, calls), false);
  const byRing: CallEvent = {
    type: "call",
    timeMs: 1,
    process: told.process,
    comm: "a",
    cgroupId: 1,
    call: "connect",
    way: "io_uring",
    arguments: [],
    result: 0,
    text: "",
    descriptor: { number: 5, kind: "ipv4", protocol: "tcp", path: "", tuple: { ...connection, remotePort: 80 } },
    credentials: undefined,
    count: 1,
  };
  assert.equal(fillFromSensor(event, byRing, calls), true);
  assert.equal(fillFromSensor(event, { ...silent, remotePort: 80 }, calls), false);
  assert.equal(fillFromSensor(event, { ...silent, type: "tcp-failed", remotePort: 81, error: 111 }, calls), true);
  assert.deepEqual([event.type, event.result], ["connect", -111]);
});

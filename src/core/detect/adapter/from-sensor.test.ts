// Calls that do what another one does reach rules by the name that rules know.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileDeedEvent } from "../../sense/deed-events.ts";
import type { DetectEvent } from "../event.ts";
import { fillFromSensor } from "./from-sensor.ts";

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

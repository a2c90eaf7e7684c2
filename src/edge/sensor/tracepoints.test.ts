// Tracepoints by name, where tracefs is mounted and where it is not; nothing is left mounted.
import assert from "node:assert/strict";
import { closeSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { skipUnless } from "../../../test/support/skip.ts";
import { kernelSensorMissing } from "./sensor.fixture.ts";
import { openTracepoints } from "./tracepoints.ts";

/** Of the kinds that are mounted here; others of the machine may come and go. */
function ownMounts(): readonly string[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .filter((line) => / (?:overlay|tracefs) /.test(line));
}

const missing = await kernelSensorMissing();

test("a tracepoint of every kernel opens, one of none says so", (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  const mounts = ownMounts();
  {
    using tracepoints = openTracepoints();
    assert.equal(tracepoints.because, "");
    const opened = tracepoints.open("syscalls/sys_exit_openat");
    assert.equal(typeof opened, "number", String(opened));
    if (typeof opened === "number") closeSync(opened);
    assert.equal(
      tracepoints.open("syscalls/sys_exit_nothing"),
      "this kernel has no tracepoint syscalls/sys_exit_nothing",
    );
  }
  assert.deepEqual(ownMounts(), mounts);
});

// The check of overlays: true on this kernel, and what it says when a kernel answers wrongly.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { skipUnless } from "../../../test/support/skip.ts";
import { createKernelSensor } from "./kernel-sensor.ts";
import { checkOverlay } from "./overlay-check.ts";
import type { BpfObject } from "./bpf-object.ts";
import { kernelSensorMissing } from "./sensor.fixture.ts";

/** Of the kinds that are mounted here; others of the machine may come and go. */
function ownMounts(): readonly string[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .filter((line) => line.includes("lowerdir=/proc/self/fd") || / tracefs /.test(line));
}

const missing = await kernelSensorMissing();

/** An object whose programs answer with these bytes. */
function answering(read: () => Uint8Array): BpfObject {
  return { readIterator: read } as unknown as BpfObject;
}

test("the sensor believes the mark on this kernel, and leaves no mount and no descriptor behind", async (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  const mounts = ownMounts();
  const descriptors = readdirSync("/proc/self/fd").length;
  const sensor = await createKernelSensor({ ringHighBytes: 65_536, ringLowBytes: 65_536 });
  const drift = sensor.capabilities.find(({ name }) => name === "overlay-drift");
  await sensor.close();
  assert.deepEqual(drift, { name: "overlay-drift", available: true, because: "" });
  assert.deepEqual(ownMounts(), mounts);
  assert.equal(readdirSync("/proc/self/fd").length, descriptors);
});

test("a kernel that answers nothing, or everything with one mark, is wrong", (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  const nothing = checkOverlay(answering(() => new Uint8Array(0)));
  assert.equal(nothing.state, "wrong");
  // Inodes of a fresh tmpfs are small: every number up to a thousand is said to be of the image.
  const all = new BigUint64Array(2000);
  for (let inode = 0; inode < 1000; inode += 1) all[2 * inode] = BigInt(inode);
  const image = checkOverlay(answering(() => new Uint8Array(all.buffer)));
  assert.equal(image.state, "wrong");
  assert.match("because" in image ? image.because : "", /dropped one of the image/);
});

test("a program that cannot run leaves the question open", (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  const check = checkOverlay(
    answering(() => {
      throw new Error("refused");
    }),
  );
  assert.deepEqual(check, { state: "untried", because: "refused" });
});

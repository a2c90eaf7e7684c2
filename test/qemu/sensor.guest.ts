// Inside the guest: the sensor's programs on an older verifier, by loading them and by one deed of each family that has to be seen.
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { SensorEvent } from "../../src/core/sense/sensor.ts";
import { createKernelSensor } from "../../src/edge/sensor/kernel-sensor.ts";
import { check } from "./guest-checks.ts";

/** Tracepoints that came with a later kernel. */
const missing = ["socket-users"];

const sensor = await createKernelSensor();
const { capabilities } = sensor;
const refused = capabilities.filter(({ available }) => !available);
check(
  "every program loads whose tracepoint is there",
  refused.every(({ name }) => missing.includes(name)),
  refused,
);
const seen: SensorEvent[] = [];
await sensor.start((batch) => {
  seen.push(...batch);
});
writeFileSync("/tmp/deed", "");
unlinkSync("/tmp/deed");
spawnSync("/bin/busybox", ["hostname", "guest"]);
spawnSync("/bin/busybox", ["ip", "link", "set", "lo", "up"]);
const socket = createSocket("udp4");
await new Promise((done) => socket.send("x", 9, "127.0.0.1", done));
socket.close();
mkdirSync("/tmp/real");
symlinkSync("real", "/tmp/link");
const ring = spawnSync(process.execPath, ["/work/src/edge/sensor/uring.fixture.ts", "/tmp", "9"]);
check("io_uring does what it is asked", ring.status === 0, String(ring.stderr));
const wanted: readonly (readonly [name: string, matches: (event: SensorEvent) => boolean])[] = [
  ["exec", (event) => event.type === "exec" && event.path === "/bin/busybox"],
  ["file", (event) => event.type === "file" && event.deed === "unlink" && event.path === "/tmp/deed"],
  ["call", (event) => event.type === "call" && event.call === "sethostname"],
  ["file by io_uring", (event) => event.type === "file" && event.deed === "rename" && event.way === "io_uring"],
  [
    "connect by io_uring",
    (event) =>
      event.type === "call" &&
      event.call === "connect" &&
      event.way === "io_uring" &&
      event.descriptor?.tuple?.remotePort === 9,
  ],
  ["packet", (event) => event.type === "udp" && event.remotePort === 9],
];
for (const [name, matches] of wanted) {
  for (let waits = 0; waits < 600 && !seen.some(matches); waits += 1) await sleep(50);
  check(`${name} is seen`, seen.some(matches), [...new Set(seen.map(({ type }) => type))]);
}
await sensor.close();

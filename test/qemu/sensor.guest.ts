// Inside the guest: the sensor's programs on an older verifier, by loading them and by one deed of each family that has to be seen.
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { unlinkSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { SensorEvent } from "../../src/core/sense/sensor.ts";
import { createKernelSensor } from "../../src/edge/sensor/kernel-sensor.ts";
import { check } from "./guest-checks.ts";

/** Tracepoints that came with a later kernel. */
const missing = ["io-uring", "socket-users"];

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
const wanted: readonly (readonly [name: string, matches: (event: SensorEvent) => boolean])[] = [
  ["exec", (event) => event.type === "exec" && event.path === "/bin/busybox"],
  ["file", (event) => event.type === "file" && event.deed === "unlink" && event.path === "/tmp/deed"],
  ["call", (event) => event.type === "call" && event.call === "sethostname"],
  ["packet", (event) => event.type === "udp" && event.remotePort === 9],
];
for (const [name, matches] of wanted) {
  for (let waits = 0; waits < 600 && !seen.some(matches); waits += 1) await sleep(50);
  check(`${name} is seen`, seen.some(matches), [...new Set(seen.map(({ type }) => type))]);
}
await sensor.close();

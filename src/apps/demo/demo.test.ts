// The demo's rim: who it runs as, its kubeconfig on the disk, what a node's agent gets to hear.
import assert from "node:assert/strict";
import { chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { SensorEvent } from "../../core/sense/sensor.ts";
import { skipUnless } from "../../../test/support/skip.ts";
import { writeKubeconfig } from "./kubeconfig-file.ts";
import { createNodeSensor } from "./node-sensor.ts";
import { dropPrivileges } from "./privileges.ts";
import { createSimulation } from "./world/world.ts";

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "garrison-demo-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test("started as root it becomes the data folder's owner, groups first", async (t) => {
  if (!skipUnless(t, process.getuid?.() === 0, "root, to give a folder to somebody else")) return;
  const folder = await folderOf(t);
  const steps: string[] = [];
  const self = {
    getuid: () => 0,
    setgroups: (groups: readonly number[]) => void steps.push(`groups ${groups.join()}`),
    setgid: (id: number) => void steps.push(`gid ${id}`),
    setuid: (id: number) => void steps.push(`uid ${id}`),
  };
  await dropPrivileges(folder, self);
  assert.deepEqual(steps, [], "root's own folder: nobody to become");
  await chown(folder, 4321, 1234);
  await dropPrivileges(folder, { ...self, getuid: () => 4321 });
  assert.deepEqual(steps, [], "no root, nothing to give up");
  await dropPrivileges(folder, self);
  assert.deepEqual(steps, ["groups 1234", "gid 1234", "uid 4321"]);
});

test("the kubeconfig appears whole, private, replaces an older one, and goes", async (t) => {
  const data = await folderOf(t);
  await writeKubeconfig(data, "demo", "one");
  const file = await writeKubeconfig(data, "demo", "two");
  assert.equal(file.file, path.join(data, "clusters", "demo.kubeconfig"));
  assert.equal(await readFile(file.file, "utf8"), "two");
  assert.equal((await stat(file.file)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(path.join(data, "clusters")), ["demo.kubeconfig"]);
  await file.remove();
  await file.remove();
  assert.deepEqual(await readdir(path.join(data, "clusters")), []);
});

test("a folder that cannot be written is a clear fault", async (t) => {
  const data = await folderOf(t);
  await writeFile(path.join(data, "clusters"), "in the way");
  await assert.rejects(writeKubeconfig(data, "demo", "one"), { code: "demo/kubeconfig" });
});

test("a node's sensor lists what runs, hears first bytes only of groups that are asked for, and knows its containers", async () => {
  const startMs = Date.parse("2026-01-05T10:00:00Z");
  const objects = { put: () => undefined, remove: () => undefined };
  const simulation = createSimulation({ seed: "t", startMs, bootMs: startMs - 1e6, visitsPerSecond: 20, objects });
  const [node] = simulation.world.nodes;
  assert.ok(node !== undefined);
  const { sensor, containers, deliver } = createNodeSensor(simulation, node, () => startMs);
  const heard: SensorEvent[] = [];
  deliver([{ type: "cgroup-made" } as SensorEvent]);
  await sensor.start((events) => void heard.push(...events));
  const pods = simulation.world.apps.flatMap((app) => app.pods).filter((pod) => pod.node === node);
  const running = heard.filter((event) => event.type === "running");
  assert.ok(pods.length > 5);
  assert.ok(pods.every((pod) => running.some((event) => event.cgroupId === pod.cgroupId)));
  const own = (): SensorEvent[] =>
    simulation
      .advance((nowMs += 3000))
      .filter((told) => told.node === node)
      .map(({ event }) => event);
  let nowMs = startMs;
  heard.length = 0;
  deliver(own());
  assert.ok(heard.length > 0);
  assert.deepEqual(
    heard.filter((event) => event.type.startsWith("first")),
    [],
  );
  const told = own();
  const [first] = told.filter((event) => event.type === "first-bytes");
  assert.ok(first !== undefined);
  heard.length = 0;
  sensor.watchFirstBytes(new Set([first.cgroupId]));
  deliver(told);
  assert.deepEqual(
    heard.filter((event) => event.type === "first-bytes"),
    told.filter((event) => event.type === "first-bytes" && event.cgroupId === first.cgroupId),
  );
  const [pod] = pods;
  assert.ok(pod !== undefined);
  const found = containers.lookup(pod.containerId);
  assert.ok(found.state === "known");
  assert.deepEqual([found.container.podName, found.container.workload], [pod.name, pod.app?.spec.name]);
  assert.equal(containers.lookup("0".repeat(64)).state, "absent");
  await sensor.close();
  heard.length = 0;
  deliver(own());
  assert.deepEqual(heard, []);
});

// The real engine behind the real pipeline: a detection waits for its workload's name, two seconds at most, and knows containers from the host.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileRules } from "../../../core/detect/compile-rules.ts";
import { createDetector } from "../../../core/detect/create-detector.ts";
import { fullSensorSupply } from "../../../core/detect/supply.ts";
import type { ContainerDirectory } from "../../../core/process/container-directory.ts";
import type { ExecEvent } from "../../../core/sense/sensor.ts";
import type { Row, TableName } from "../../../model/table.ts";
import { createPipeline } from "../pipeline.ts";
import { createVisibilityBook } from "../visibility.ts";
import { createDetectSide, type DetectSide } from "./detect-side.ts";

const containerId = "f75aff467357c5d0ddd47cb7ad87ed38746e018992586ff66198a5c11218f634";
const miner: ExecEvent = {
  type: "exec",
  timeMs: 10_000,
  process: { pid: 7, startMs: 70 },
  comm: "app",
  cgroupId: 5,
  parent: { pid: 1, startMs: 0 },
  uid: 0,
  gid: 0,
  capabilities: 0,
  path: "/opt/app",
  arguments: ["app", "-o", "stratum+tcp://pool.example:3333", "--password=hunter2hunter2"],
  argumentsCut: false,
  workingDirectory: "/",
};
const chroot: ExecEvent = { ...miner, comm: "nsenter", path: "/usr/bin/nsenter", arguments: ["nsenter", "-t", "1"] };

async function scene(containers: ContainerDirectory | undefined, cgroup: string) {
  const rows: Row<"security_events">[] = [];
  let detect: DetectSide | undefined;
  const pipeline = createPipeline({
    machine: { bootId: "12345678-0000", bootTimeMs: 1000 },
    fidelity: "kernel",
    windowMs: 15_000,
    rowsPerWindowMax: 1000,
    visibility: createVisibilityBook("local"),
    containers,
    containersBecause: "no container runtime was asked",
    readCgroup: () => ({ text: cgroup }),
    outbox: {
      push: (table: TableName, row: unknown) => {
        if (table === "security_events") rows.push(row as Row<"security_events">);
      },
    },
    detect: {
      take: (events, subjectOf) => detect?.take(events, subjectOf),
      tick: (nowMs) => detect?.tick(nowMs),
    },
  });
  detect = await createDetectSide({
    folder: "",
    isBuiltin: true,
    cpuShare: 1,
    compile: compileRules,
    createDetector,
    monotonicMs: () => 0,
    workedMs: () => 0,
    supply: fullSensorSupply,
    machine: { hostname: "n", bootMs: 1000, userName: () => undefined, groupName: () => undefined },
    onDetection: (detection) => pipeline.detected(detection),
  });
  return { pipeline, rows };
}

const inContainer = `0::/system.slice/docker-${containerId}.scope\n`;

test("a detection is told with the workload's name once the runtime has said it", async () => {
  const answer = Promise.withResolvers<Awaited<ReturnType<ContainerDirectory["resolve"]>>>();
  const { pipeline, rows } = await scene(
    { lookup: () => ({ state: "not-asked" }), resolve: () => answer.promise },
    inContainer,
  );
  pipeline.take([miner]);
  assert.equal(rows.length, 0);
  answer.resolve({
    state: "known",
    container: {
      containerId,
      name: "web",
      podName: "web-1",
      podUid: "u",
      namespace: "shop",
      workload: "web",
      workloadKind: "Deployment",
      image: "web:1",
      imageDigest: "",
      labels: {},
      isSandbox: false,
    },
  });
  await answer.promise;
  await Promise.resolve();
  const [row, ...more] = rows;
  assert.deepEqual(more, []);
  assert.deepEqual(
    [row?.rule, row?.namespace, row?.workload, row?.pod, row?.processId],
    ["Crypto miner by its arguments", "shop", "web", "web-1", "7.1y.12345678"],
  );
  assert.ok(!JSON.stringify(row).includes("hunter2"), JSON.stringify(row));
});

test("and after two seconds as the node knows it", async () => {
  const containers: ContainerDirectory = {
    lookup: () => ({ state: "not-asked" }),
    resolve: () => new Promise(() => undefined),
  };
  const { pipeline, rows } = await scene(containers, inContainer);
  pipeline.take([miner]);
  pipeline.tick(11_900);
  assert.equal(rows.length, 0);
  pipeline.tick(12_100);
  assert.deepEqual(
    rows.map(({ containerId: id, identityReason }) => [id, identityReason]),
    [[containerId, "runtime not asked yet"]],
  );
});

test("what is only wrong in a container is not said of the host", async () => {
  const host = await scene(undefined, "0::/system.slice/ssh.service\n");
  host.pipeline.take([chroot]);
  assert.deepEqual(host.rows, []);
  const container = await scene(undefined, inContainer);
  container.pipeline.take([chroot]);
  assert.deepEqual(
    container.rows.map(({ rule }) => rule),
    ["nsenter is run in a container"],
  );
});

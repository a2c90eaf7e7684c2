// Drift on the real kernel: programs of a unit in a private cgroup are learnt from their rows; run again they pass, another one is drift.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { skipUnless } from "../../../../test/support/skip.ts";
import { itemsOfRow } from "../../../core/baseline/row-items.ts";
import { readCgroupFile } from "../../../edge/proc/cgroup-file.ts";
import { readMachine } from "../../../edge/proc/machine.ts";
import { createKernelSensor } from "../../../edge/sensor/kernel-sensor.ts";
import { kernelSensorMissing, makePrivateCgroup } from "../../../edge/sensor/sensor.fixture.ts";
import type { CgroupReading } from "../../../core/process/process-table.ts";
import type { BaselineItems } from "../../../model/baseline.ts";
import type { Row } from "../../../model/table.ts";
import type { Outbox } from "../outbox.ts";
import { createPipeline, type Pipeline } from "../pipeline.ts";
import { createVisibilityBook } from "../visibility.ts";
import { createDriftSide, type DriftSide } from "./drift-side.ts";

const missing = await kernelSensorMissing();
const unit = "garrison-drift.service";

interface Node extends AsyncDisposable {
  readonly rows: Row<"process_events">[];
  readonly told: Row<"security_events">[];
  readonly drift: DriftSide;
  /** Runs a shell line in the unit until its last program was told, however long that takes: its programs are ended then. */
  run(line: string, last: string): Promise<void>;
}

/** On hybrid machines a process has a place in many hierarchies; here only the v2 one is this test's. */
function readOwnCgroup(pid: number): CgroupReading {
  const reading = readCgroupFile("/proc", pid);
  if (!("text" in reading) || !reading.text.includes(unit)) return reading;
  return {
    text: reading.text
      .split("\n")
      .filter((line) => line.startsWith("0::"))
      .join("\n"),
  };
}

async function openNode(folder: string): Promise<Node> {
  const rows: Row<"process_events">[] = [];
  const told: Row<"security_events">[] = [];
  const drift = createDriftSide({ nowMs: Date.now, tell: (row) => void told.push(row) });
  const push = ((table: string, row: unknown) => {
    if (table === "process_events") rows.push(row as Row<"process_events">);
  }) as Outbox["push"];
  const pipeline: Pipeline = createPipeline({
    machine: readMachine("/proc"),
    fidelity: "kernel",
    windowMs: 15_000,
    rowsPerWindowMax: 1000,
    visibility: createVisibilityBook("local"),
    containers: undefined,
    containersBecause: "none",
    readCgroup: readOwnCgroup,
    outbox: drift.tap({ push } as Outbox),
  });
  const sensor = await createKernelSensor();
  await sensor.start((events) => pipeline.take(events));
  return {
    rows,
    told,
    drift,
    async run(line, last) {
      const before = rows.length;
      const child = spawn("/bin/sh", ["-c", `echo $$ > ${folder}/cgroup.procs; ${line}; true`], { stdio: "ignore" });
      const ended = once(child, "exit");
      const isTold = (): boolean =>
        rows.slice(before).some((row) => row.action === "exec" && row.executable === last && row.workload === unit);
      for (let tries = 0; tries < 3000 && !isTold(); tries += 1) {
        await sleep(20);
        pipeline.tick(Date.now());
      }
      // Not the shell: it takes note of the end of what it started, so that nothing is left in the group.
      while (child.exitCode === null) {
        const inUnit = readFileSync(`${folder}/cgroup.procs`, "utf8").split("\n").filter(Boolean).map(Number);
        for (const pid of inUnit) if (pid !== child.pid) killed(pid);
        await sleep(20);
      }
      await ended;
      assert.ok(isTold(), `no exec of ${last} in ${unit} was told`);
    },
    [Symbol.asyncDispose]: () => sensor.close(),
  };
}

function killed(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ESRCH") throw thrown;
  }
}

test("a learnt program of a unit passes, an unlearnt one is drift", async (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  using cgroup = makePrivateCgroup("drift");
  const folder = path.join(cgroup.path, unit);
  const files = realpathSync(mkdtempSync(path.join(tmpdir(), "garrison-drift-")));
  const dropped = path.join(files, "dropped");
  mkdirSync(folder);
  try {
    await using node = await openNode(folder);
    // Programs that live until they are told: whose a process is, is read while it lives.
    const learntProgram = realpathSync("/bin/sleep");
    copyFileSync(learntProgram, dropped);
    await node.run("/bin/sleep 3600", learntProgram);
    const learnt = node.rows
      .filter(({ workload }) => workload === unit)
      .flatMap((row) => itemsOfRow("process_events", row));
    const of = (kind: keyof BaselineItems): string[] => [
      ...new Set(learnt.filter((each) => each.kind === kind).map(({ item }) => item)),
    ];
    // The shell that moves into the unit is the unit's or not, by when its place was read: no matter of this test.
    const shell = realpathSync("/bin/sh");
    const items = {
      executables: [...new Set([...of("executables"), shell])],
      parents: [...new Set([...of("parents"), `* -> ${shell}`])],
    };
    assert.ok(items.executables.includes(learntProgram) && items.parents.includes(`sh -> ${learntProgram}`));
    const target = { namespace: "host", workload: unit, kind: "SystemdUnit" };
    const shared = {
      apiVersion: "garrison/v1",
      kind: "Baseline",
      scope: "global",
      name: "drift",
      generation: 2,
      author: "me",
    } as const;
    node.drift.setResources([{ ...shared, time: new Date().toISOString(), deleted: false, spec: { target, items } }]);
    assert.equal(node.drift.statuses()[0]?.state, "applied");

    // How this test brings a process into the group is a write of its own.
    const told = () => node.told.filter(({ message }) => !message.includes("/sys/fs/cgroup/"));
    await node.run("/bin/sleep 3600", learntProgram);
    assert.deepEqual(
      told().map(({ message }) => message),
      [],
    );
    await node.run(`${dropped} 3600`, dropped);
    assert.deepEqual(
      told().map(({ rule, executable, workload }) => [rule, executable, workload]),
      [
        ["Drift: executable not in the baseline", dropped, unit],
        ["Drift: parent not in the baseline", dropped, unit],
      ],
    );
    assert.match(node.told[0]?.evidence[0] ?? "", /exec: \S+\/dropped 3600 \(parent sh\)/);
    assert.match(node.told[0]?.evidence[1] ?? "", /drift version 2/);
  } finally {
    rmdirSync(folder);
    rmSync(files, { recursive: true });
  }
});

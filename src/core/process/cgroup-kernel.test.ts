// Real processes in real child groups of both hierarchies: what the kernel writes into /proc/PID/cgroup is what the grammar reads.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { skipUnless } from "../../../test/support/skip.ts";
import { readCgroupLines } from "./cgroup-path.ts";
import { createProcessTable } from "./process-table.ts";

const id = "f75aff467357c5d0ddd47cb7ad87ed38746e018992586ff66198a5c11218f634";
const uid = "5759a1ae-36ca-48a8-b20a-b0b5c8a90fb8";
const hierarchies = [
  "/sys/fs/cgroup/unified",
  "/sys/fs/cgroup/pids",
  "/sys/fs/cgroup/systemd",
  "/sys/fs/cgroup",
].filter((path) => existsSync(join(path, "cgroup.procs")));

/** Makes the groups one below the other; they are removed, deepest first, after the test. */
function makeGroup(context: TestContext, hierarchy: string, path: string): string {
  const root = join(hierarchy, `garrison-test-${randomBytes(4).toString("hex")}`);
  const group = join(root, path);
  mkdirSync(group, { recursive: true });
  context.after(() => {
    for (let made = group; made.length >= root.length; made = dirname(made)) rmdirSync(made);
  });
  return group;
}

/** The cgroup lines of a child that sits in `group`; the child has ended when this returns. */
async function linesIn(group: string): Promise<string> {
  const child = spawn("/bin/sleep", ["60"], { stdio: "ignore" });
  try {
    await once(child, "spawn");
    writeFileSync(join(group, "cgroup.procs"), String(child.pid));
    return readFileSync(`/proc/${child.pid}/cgroup`, "utf8");
  } finally {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

const layouts = [
  [
    `kubepods/burstable/pod${uid}/${id}`,
    { kind: "container", containerId: id, podUid: uid, qualityOfService: "burstable" },
  ],
  [`system.slice/docker-${id}.scope`, { kind: "container", containerId: id, runtime: "docker" }],
  ["system.slice/shop.service", { kind: "systemd-unit", unit: "shop.service" }],
  ["user.slice/user-1000.slice/session-3.scope", { kind: "session", session: "3", uid: 1000 }],
] as const;

for (const hierarchy of hierarchies) {
  for (const [path, expected] of layouts) {
    test(`a child in ${hierarchy} at ${path.slice(0, 40)}`, async (context) => {
      if (!skipUnless(context, process.getuid?.() === 0, "root (for cgroups)")) return;
      const lines = await linesIn(makeGroup(context, hierarchy, path));
      const identity = readCgroupLines(lines);
      assert.deepEqual({ ...identity, ...expected }, identity, lines);
      const table = createProcessTable({ bootId: "ddaa07dc", bootTimeMs: 0 });
      const key = { pid: 7, startMs: 1 };
      table.observe({ type: "exit", timeMs: 1, process: key, comm: "sleep", cgroupId: 0, exitCode: -1, signal: 9 });
      table.cgroupRead(key, lines);
      assert.equal(table.attribute(key).cgroup.kind, expected.kind);
    });
  }
}

test("this machine has a hierarchy to test in", (context) => {
  skipUnless(context, hierarchies.length > 0, "a mounted cgroup hierarchy");
});

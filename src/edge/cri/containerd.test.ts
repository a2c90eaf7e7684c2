// Against a real containerd: a pod is run, and its process is attributed by its real cgroup and the real runtime.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { containerdMissing, startContainerd } from "../../../test/support/containerd.ts";
import { skipUnless } from "../../../test/support/skip.ts";
import { silentLogger } from "../../base/logger.ts";
import { createProcessTable } from "../../core/process/process-table.ts";
import { containerToAsk, subjectOf } from "../../core/process/subject.ts";
import { createCriDirectory } from "./cri-directory.ts";

test("a process of a real pod has its pod's identity", async (context) => {
  const missing = await containerdMissing();
  if (!skipUnless(context, missing === "", missing)) return;
  const containerd = await startContainerd();
  context.after(() => containerd.stop());
  const clock = { nowMs: () => Date.now() };
  const directory = createCriDirectory({ clock, logger: silentLogger, root: containerd.root });
  context.after(() => directory.close());
  assert.equal(await directory.prime(), 0);
  assert.match(directory.runtime, /^containerd /);

  const uid = "5759a1ae-36ca-48a8-b20a-b0b5c8a90fb8";
  const labels = { app: "web", "pod-template-hash": "5d4f8c7b9d" };
  const pod = await containerd.runPod({
    name: "web-5d4f8c7b9d-x2x7z",
    namespace: "shop",
    uid,
    labels,
    container: "nginx",
  });

  const table = createProcessTable({ bootId: "ddaa07dc-854a-455c-9fc2-a4836faadb8c", bootTimeMs: 0 });
  const process = { pid: pod.pid, startMs: 1 };
  const common = { timeMs: 1, process, comm: "busybox", cgroupId: 0, parent: { pid: 1, startMs: 0 }, uid: 0, gid: 0 };
  table.observe({
    ...common,
    type: "exec",
    capabilities: 0,
    path: "/bin/busybox",
    arguments: [],
    argumentsCut: false,
    workingDirectory: "/",
  });
  table.cgroupRead(process, await readFile(`/proc/${pod.pid}/cgroup`, "utf8"));
  const attribution = table.attribute(process);
  assert.equal(attribution.cgroup.containerId, pod.containerId);
  assert.equal(attribution.cgroup.podUid, uid);

  const { subject } = subjectOf(attribution, await directory.resolve(containerToAsk(attribution)));
  assert.deepEqual(subject, {
    namespace: "shop",
    workload: "web",
    workloadKind: "Deployment",
    service: "",
    pod: "web-5d4f8c7b9d-x2x7z",
    container: "nginx",
    containerId: pod.containerId,
    image: containerd.image,
    imageDigest: containerd.imageDigest,
    identityReason: "",
  });

  const sandbox = await directory.resolve(pod.sandboxId);
  assert.ok(sandbox.state === "known" && sandbox.container.isSandbox && sandbox.container.podUid === uid);
  assert.deepEqual(await directory.resolve("f".repeat(64)), { state: "absent", reason: "runtime does not know it" });

  const second = createCriDirectory({ clock, logger: silentLogger, root: containerd.root });
  context.after(() => second.close());
  assert.ok((await second.prime()) >= 1);
});

// The CRI client and directory against a fake runtime: identities, absence, faults, back-off, limits.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import { manualClock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { silentLogger } from "../../base/logger.ts";
import { createCriClient } from "./cri-client.ts";
import { createCriDirectory, criDirectoryLimits } from "./cri-directory.ts";
import { serviceDefinition } from "./cri-messages.ts";
import { findSockets } from "./cri-sockets.ts";

const containerId = "c".repeat(64);
const sandboxId = "d".repeat(64);
const podLabels = { "pod-template-hash": "5d4f8c7b9d", app: "web" };
const kubeletLabels = {
  "io.kubernetes.container.name": "nginx",
  "io.kubernetes.pod.name": "web-5d4f8c7b9d-x2x7z",
  "io.kubernetes.pod.namespace": "shop",
  "io.kubernetes.pod.uid": "u-1",
};

type Answer = object | number | "silence";
type Answers = Record<string, Answer | ((request: Record<string, unknown>) => Answer)>;

const container = {
  id: containerId,
  podSandboxId: sandboxId,
  metadata: { name: "nginx" },
  image: { image: "nginx:1" },
  imageRef: "docker.io/library/nginx@sha256:aa",
  labels: kubeletLabels,
  startedAt: 1_700_000_000_123_000_000,
  mounts: [
    { containerPath: "/run/containerd.sock", hostPath: "/run/containerd/containerd.sock", readonly: true },
    { containerPath: "/data", hostPath: "/srv", propagation: 2 },
  ],
};
const sandbox = {
  id: sandboxId,
  metadata: { name: "web-5d4f8c7b9d-x2x7z", namespace: "shop", uid: "u-1" },
  labels: podLabels,
};

/** A number is a gRPC status; "silence" never answers. */
const healthy: Answers = {
  Version: { runtimeName: "fake", runtimeVersion: "1.0", runtimeApiVersion: "v1" },
  ListContainers: (request) => {
    const id = (request["filter"] as { id?: string } | null)?.id ?? "";
    return { containers: id === "" || id === containerId ? [container] : [] };
  },
  ContainerStatus: (request) => (request["containerId"] === containerId ? { status: container } : status.NOT_FOUND),
  ListPodSandbox: { items: [sandbox] },
  PodSandboxStatus: (request) => (request["podSandboxId"] === sandboxId ? { status: sandbox } : status.NOT_FOUND),
  ImageStatus: { image: { id: "sha256:cc", repoDigests: ["docker.io/library/nginx@sha256:dd"] } },
};

interface Fake {
  readonly root: string;
  readonly socket: string;
  readonly calls: string[];
  answers: Answers;
  stop(): void;
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "garrison-cri-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function startFake(context: TestContext, answers: Answers, folder?: string): Promise<Fake> {
  const root = folder ?? (await temporaryFolder(context));
  await mkdir(join(root, "run/containerd"), { recursive: true });
  const socket = join(root, "run/containerd/containerd.sock");
  const server = new Server();
  const fake: Fake = { root, socket, calls: [], answers, stop: () => server.forceShutdown() };
  for (const service of ["RuntimeService", "ImageService"] as const) {
    const definition = serviceDefinition(service);
    const handlers = Object.keys(definition).map((method) => [
      method,
      (call: { request: Record<string, unknown> }, reply: (error: object | null, value?: object) => void) => {
        fake.calls.push(method);
        const given = fake.answers[method] ?? status.UNIMPLEMENTED;
        const answer = typeof given === "function" ? given(call.request) : given;
        if (answer === "silence") return;
        if (typeof answer === "number") reply({ code: answer, details: "as told" });
        else reply(null, answer);
      },
    ]);
    server.addService(definition, Object.fromEntries(handlers));
  }
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  context.after(() => fake.stop());
  return fake;
}

function directoryOf(context: TestContext, root: string, clock = manualClock(1000), deadlineMs = 60_000) {
  const directory = createCriDirectory({ clock, logger: silentLogger, root, deadlineMs, sleep: async () => undefined });
  context.after(() => directory.close());
  return directory;
}

test("a container becomes known with pod, workload, image and digest; the second look asks nobody", async (context) => {
  const fake = await startFake(context, healthy);
  const directory = directoryOf(context, fake.root);
  assert.deepEqual(directory.lookup(containerId), { state: "not-asked" });
  const found = await directory.resolve(containerId);
  assert.deepEqual(found, {
    state: "known",
    container: {
      containerId,
      name: "nginx",
      podName: "web-5d4f8c7b9d-x2x7z",
      podUid: "u-1",
      namespace: "shop",
      workload: "web",
      workloadKind: "Deployment",
      image: "nginx:1",
      imageDigest: "sha256:aa",
      labels: podLabels,
      mounts: [
        {
          source: "/run/containerd/containerd.sock",
          destination: "/run/containerd.sock",
          isWritable: false,
          propagation: "private",
        },
        { source: "/srv", destination: "/data", isWritable: true, propagation: "rshared" },
      ],
      startedMs: 1_700_000_000_123,
      isSandbox: false,
    },
  });
  const calls = fake.calls.length;
  assert.deepEqual(await directory.resolve(containerId), found);
  assert.deepEqual(directory.lookup(containerId), found);
  assert.equal(fake.calls.length, calls);
  assert.equal(directory.runtime, "fake 1.0");
});

test("equal questions in flight are asked once", async (context) => {
  const fake = await startFake(context, healthy);
  const directory = directoryOf(context, fake.root);
  await Promise.all(Array.from({ length: 20 }, () => directory.resolve(containerId)));
  assert.equal(fake.calls.filter((call) => call === "ContainerStatus").length, 1);
  assert.equal(fake.calls.filter((call) => call === "Version").length, 1);
});

test("a sandbox is its pod, not a container", async (context) => {
  const fake = await startFake(context, healthy);
  const found = await directoryOf(context, fake.root).resolve(sandboxId);
  assert.ok(found.state === "known");
  assert.deepEqual(
    [found.container.isSandbox, found.container.podName, found.container.workload],
    [true, "web-5d4f8c7b9d-x2x7z", "web"],
  );
});

test("an image that is named by its id has its digest from the image service, or none: a config id is no digest", async (context) => {
  const byId = { ...container, imageRef: "sha256:cc" };
  const fake = await startFake(context, { ...healthy, ContainerStatus: { status: byId } });
  const first = await directoryOf(context, fake.root).resolve(containerId);
  assert.equal(first.state === "known" && first.container.imageDigest, "sha256:dd");
  fake.answers = { ...fake.answers, ImageStatus: {} };
  const second = await directoryOf(context, fake.root).resolve(containerId);
  assert.equal(second.state === "known" && second.container.imageDigest, "");
});

test("prime fills the cache in two calls", async (context) => {
  const fake = await startFake(context, healthy);
  const directory = directoryOf(context, fake.root);
  assert.equal(await directory.prime(), 2);
  assert.equal(directory.lookup(containerId).state, "known");
  assert.deepEqual([...fake.calls].sort(), ["ListContainers", "ListPodSandbox", "Version"]);
});

test("an id that nobody knows is absent for a while, then asked again", async (context) => {
  const fake = await startFake(context, healthy);
  const clock = manualClock(1000);
  const directory = directoryOf(context, fake.root, clock);
  const unknown = "e".repeat(64);
  assert.deepEqual(await directory.resolve(unknown), { state: "absent", reason: "runtime does not know it" });
  const calls = fake.calls.length;
  assert.equal((await directory.resolve(unknown)).state, "absent");
  assert.equal(fake.calls.length, calls);
  clock.advance(criDirectoryLimits.absentMsMax);
  assert.deepEqual(directory.lookup(unknown), { state: "not-asked" });
  await directory.resolve(unknown);
  assert.ok(fake.calls.length > calls);
});

test("a sandbox that the runtime names a moment after its first process is found", async (context) => {
  let asked = 0;
  const late: Answers = { ...healthy, PodSandboxStatus: () => (++asked < 3 ? status.NOT_FOUND : { status: sandbox }) };
  const fake = await startFake(context, late);
  const found = await directoryOf(context, fake.root).resolve(sandboxId);
  assert.equal(found.state, "known");
  assert.equal(asked, 3);
});

test("a short id does not name another container", async (context) => {
  const fake = await startFake(context, { ...healthy, ContainerStatus: { status: container } });
  assert.equal((await directoryOf(context, fake.root).resolve("ccc")).state, "absent");
});

test("no socket, no runtime: a reason; the next try waits, then finds the runtime that has come", async (context) => {
  const root = await temporaryFolder(context);
  const clock = manualClock(1000);
  const directory = directoryOf(context, root, clock);
  assert.deepEqual(await directory.resolve(containerId), { state: "absent", reason: "runtime socket not found" });
  assert.equal(await directory.prime(), 0);
  await startFake(context, healthy, root);
  assert.equal((await directory.resolve(containerId)).state, "absent");
  clock.advance(criDirectoryLimits.retryDelayMsMin);
  assert.equal((await directory.resolve(containerId)).state, "known");
  assert.equal(directory.reason, "");
});

test("a runtime that dies and comes back: absent with the reason, then known again", async (context) => {
  const fake = await startFake(context, healthy);
  const clock = manualClock(1000);
  const directory = directoryOf(context, fake.root, clock);
  await directory.resolve(sandboxId);
  fake.stop();
  const lost = await directory.resolve(containerId);
  assert.ok(lost.state === "absent" && lost.reason.includes("did not answer"), JSON.stringify(lost));
  assert.equal(directory.lookup(sandboxId).state, "known");
  await rm(fake.socket, { force: true });
  await startFake(context, healthy, fake.root);
  clock.advance(criDirectoryLimits.absentMsMax + criDirectoryLimits.retryDelayMsMax);
  assert.equal((await directory.resolve(containerId)).state, "known");
});

const faults: readonly (readonly [string, Answer, string])[] = [
  ["says nothing", "silence", "cri/unavailable"],
  ["is unavailable", status.UNAVAILABLE, "cri/unavailable"],
  ["does not speak CRI v1", status.UNIMPLEMENTED, "cri/unimplemented"],
  ["refuses", status.PERMISSION_DENIED, "cri/forbidden"],
  ["sends a name that is too long", { runtimeName: "x".repeat(5000) }, "cri/strange-answer"],
];

for (const [what, answer, code] of faults) {
  test(`a runtime that ${what}: ${code}`, async (context) => {
    const fake = await startFake(context, { ...healthy, Version: answer });
    // Only silence is waited out.
    const deadlineMs = answer === "silence" ? 200 : 60_000;
    const client = createCriClient(fake.socket, deadlineMs);
    context.after(() => client.close());
    await assert.rejects(
      client.version(),
      (thrown) => thrown instanceof Fault && thrown.code === code && thrown.message.includes("Version"),
    );
    const directory = directoryOf(context, fake.root, manualClock(1), deadlineMs);
    const found = await directory.resolve(containerId);
    assert.ok(found.state === "absent" && found.reason !== "");
  });
}

test("bytes that are no gRPC at all are a fault, not a crash", async (context) => {
  const { createServer } = await import("node:net");
  const root = await temporaryFolder(context);
  const socket = join(root, "x.sock");
  const server = createServer((connection) => {
    connection.on("error", () => undefined);
    connection.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  }).listen(socket);
  context.after(() => server.close());
  const client = createCriClient(socket, 300);
  context.after(() => client.close());
  await assert.rejects(client.version(), (thrown) => thrown instanceof Fault && thrown.code === "cri/unavailable");
});

test("sockets: known paths below the root, links once, files refused with the reason", async (context) => {
  const fake = await startFake(context, healthy);
  await mkdir(join(fake.root, "run/crio"), { recursive: true });
  await symlink(fake.socket, join(fake.root, "run/crio/crio.sock"));
  assert.deepEqual(await findSockets(fake.root), { sockets: [fake.socket], reason: "" });
  const empty = await temporaryFolder(context);
  assert.deepEqual(await findSockets(empty), { sockets: [], reason: "runtime socket not found" });
  await mkdir(join(empty, "run"), { recursive: true });
  await writeFile(join(empty, "run/cri-dockerd.sock"), "");
  assert.match((await findSockets(empty)).reason, /cri-dockerd\.sock is no socket/);
});

test("more questions at once than the limit are answered at once", async (context) => {
  const fake = await startFake(context, healthy);
  const directory = directoryOf(context, fake.root);
  const questions = Array.from({ length: criDirectoryLimits.askingMax + 5 }, (_, index) =>
    directory.resolve(index.toString(16).padStart(64, "0")),
  );
  const answers = await Promise.all(questions);
  assert.equal(
    answers.filter((answer) => answer.state === "absent" && answer.reason === "too many questions to the runtime")
      .length,
    5,
  );
});

// What happens to pods: they are made, start, get ready, end, restart, go. Every step is told to the API server and to the node's agent.
import type { About, Note, Notes } from "./notes.ts";
import { aboutApp, aboutPod } from "./notes.ts";
import { appObject, jobObject, revisionObject, sliceObject, cronObject } from "./objects.ts";
import { podObject } from "./pod-object.ts";
import { endContainer, startContainer } from "./processes.ts";
import { later, type App, type Job, type Pod, type Revision, type SimNode, type World } from "./state.ts";

export interface Lifecycle {
  /** A pod as the scheduler and the kubelet make it: pending now, running and ready soon. */
  create(app: App, revision: Revision, timeMs: number): Pod;
  createForJob(job: Job, timeMs: number): Pod;
  /** Graceful end: not ready at once, gone two seconds later. */
  remove(pod: Pod, timeMs: number): void;
  /** The container ends by itself or is killed; it starts again after `restartAfterMs`. */
  crash(pod: Pod, timeMs: number, end: CrashEnd): void;
  /** A new version, pod by pod: the new one is ready before an old one goes. */
  rollOut(app: App, change: { readonly version: string; readonly outOfMemoryAfterMs: number }, timeMs: number): void;
  complete(job: Job, timeMs: number): void;
  note(about: About, note: Note, timeMs: number): void;
  /** Puts the objects of a workload and its service, as they are now. */
  show(app: App): void;
}

export interface CrashEnd {
  readonly reason: "OOMKilled" | "Error";
  readonly exitCode: number;
  readonly restartAfterMs: number;
}

export interface PodParts {
  readonly app: App | undefined;
  readonly revision: Revision | undefined;
  readonly job: Job | undefined;
  readonly createdMs: number;
}

/** ReplicaSets of older revisions that a Deployment keeps. */
const revisionsKeptMax = 5;
/** After this long a container counts as steady: its back-off begins anew. */
const backOffMsMax = 60_000;

/** A new pod, on the node that has the fewest of its kind. */
export function makePod(world: World, { app, revision, job, createdMs }: PodParts): Pod {
  const { identities } = world;
  const spec = app?.spec;
  const name = podName(world, app, revision, job);
  const node = placeOf(world, app);
  if (spec?.isHostNetwork !== true) node.nextPodAddress = node.nextPodAddress >= 250 ? 10 : node.nextPodAddress + 1;
  const image =
    app === undefined || revision === undefined
      ? (job?.cron.spec.image ?? "")
      : `${app.spec.image}:${revision.version}`;
  world.nextCgroupId += 1;
  return {
    app,
    revision,
    job,
    namespace: spec?.namespace ?? "shop",
    name,
    uid: identities.uuid(),
    labels: labelsOf(name, app, revision, job),
    containerName: spec?.name ?? job?.cron.spec.name ?? "main",
    image,
    imageDigest: digestOf(image),
    node,
    address: spec?.isHostNetwork === true ? node.address : `${node.podPrefix}${node.nextPodAddress}`,
    createdMs,
    command: spec?.command ?? job?.cron.spec.command ?? [],
    uidNumber: spec?.uid ?? 1000,
    containerId: identities.hex(64),
    cgroupId: world.nextCgroupId,
    phase: "Pending",
    isReady: false,
    readySinceMs: 0,
    restarts: 0,
    containerStartedMs: createdMs,
    deletingMs: 0,
    isGone: false,
    waitingReason: "",
    lastEnd: undefined,
    main: undefined,
    children: [],
    nextPort: 32_768 + identities.int(0, 20_000),
    resolved: new Map(),
    onEnd: new Set(),
  };
}

function podName(world: World, app: App | undefined, revision: Revision | undefined, job: Job | undefined): string {
  const suffix = world.identities.suffix(5);
  if (app === undefined) return `${job?.name ?? "pod"}-${suffix}`;
  if (app.spec.kind === "StatefulSet") return `${app.spec.name}-0`;
  return app.spec.kind === "DaemonSet"
    ? `${app.spec.name}-${suffix}`
    : `${app.spec.name}-${revision?.hash ?? ""}-${suffix}`;
}

function labelsOf(
  name: string,
  app: App | undefined,
  revision: Revision | undefined,
  job: Job | undefined,
): Record<string, string> {
  if (app === undefined || revision === undefined) {
    const jobName = job?.name ?? "";
    return { app: job?.cron.spec.name ?? "", "batch.kubernetes.io/job-name": jobName, "job-name": jobName };
  }
  const labels = { app: app.spec.name };
  switch (app.spec.kind) {
    case "Deployment":
      return { ...labels, "pod-template-hash": revision.hash };
    case "StatefulSet":
      return { ...labels, "controller-revision-hash": revision.hash, "statefulset.kubernetes.io/pod-name": name };
    case "DaemonSet":
      return {
        ...labels,
        "controller-revision-hash": revision.hash,
        "pod-template-generation": String(revision.number),
      };
  }
}

function placeOf(world: World, app: App | undefined): SimNode {
  const load = (node: SimNode) =>
    world.apps.reduce((sum, one) => sum + one.pods.filter((pod) => pod.node === node).length, 0);
  const own = (node: SimNode) => app?.pods.filter((pod) => pod.node === node && pod.deletingMs === 0).length ?? 0;
  const sorted = world.nodes.toSorted((left, right) => own(left) - own(right) || load(left) - load(right));
  return sorted[0] as SimNode;
}

/** One image, one digest: not of real content, but stable. */
function digestOf(image: string): string {
  let digits = "";
  for (let part = 0; digits.length < 64; part += 1) {
    let value = 0x811c9dc5 ^ part;
    for (let index = 0; index < image.length; index += 1)
      value = Math.imul(value ^ image.charCodeAt(index), 0x01000193);
    digits += (value >>> 0).toString(16).padStart(8, "0");
  }
  return `sha256:${digits.slice(0, 64)}`;
}

export function createLifecycle(world: World, notes: Notes): Lifecycle {
  const { objects } = world;

  function note(about: About, what: Note, timeMs: number): void {
    notes.tell(about, what, timeMs);
  }

  function fromKubelet(pod: Pod, type: Note["type"], reason: string, message: string): Note {
    return { type, reason, message, source: "kubelet", host: pod.node.name };
  }

  function show(app: App): void {
    objects.put(app.spec.kind, appObject(app));
    if (app.spec.kind === "Deployment") {
      for (const revision of app.revisions) objects.put("ReplicaSet", revisionObject(app, revision));
    }
    if (app.serviceName !== "") objects.put("EndpointSlice", sliceObject(app));
  }

  function showPod(pod: Pod): void {
    if (!pod.isGone) objects.put("Pod", podObject(pod));
    if (pod.app !== undefined) show(pod.app);
  }

  function setReady(pod: Pod, isReady: boolean, timeMs: number): void {
    if (pod.isReady === isReady) return;
    pod.isReady = isReady;
    pod.readySinceMs = timeMs;
  }

  function begin(pod: Pod, timeMs: number): void {
    if (pod.isGone || pod.deletingMs > 0) return;
    pod.phase = "Running";
    pod.waitingReason = "";
    startContainer(world, pod, timeMs);
    showPod(pod);
    note(aboutPod(pod), fromKubelet(pod, "Normal", "Started", `Started container ${pod.containerName}`), timeMs);
    later(world, timeMs + 1500, (now) => {
      if (pod.main === undefined || pod.deletingMs > 0 || pod.isGone || pod.job !== undefined) return;
      setReady(pod, true, now);
      showPod(pod);
    });
    const dueMs = pod.revision?.outOfMemoryAfterMs ?? 0;
    const containerId = pod.containerId;
    if (dueMs > 0)
      later(world, timeMs + dueMs, (now) => {
        if (pod.containerId !== containerId || pod.main === undefined || pod.deletingMs > 0) return;
        const restartAfterMs = Math.min(backOffMsMax, 5000 * 2 ** Math.min(pod.restarts, 4));
        crash(pod, now, { reason: "OOMKilled", exitCode: 137, restartAfterMs });
      });
  }

  function schedule(pod: Pod, timeMs: number): Pod {
    showPod(pod);
    const where = `Successfully assigned ${pod.namespace}/${pod.name} to ${pod.node.name}`;
    note(
      aboutPod(pod),
      { type: "Normal", reason: "Scheduled", message: where, source: "default-scheduler", host: "" },
      timeMs,
    );
    later(world, timeMs + 700, (now) => {
      note(
        aboutPod(pod),
        fromKubelet(pod, "Normal", "Pulled", `Container image "${pod.image}" already present on machine`),
        now,
      );
      note(aboutPod(pod), fromKubelet(pod, "Normal", "Created", `Created container: ${pod.containerName}`), now);
      begin(pod, now);
    });
    return pod;
  }

  function create(app: App, revision: Revision, timeMs: number): Pod {
    const pod = makePod(world, { app, revision, job: undefined, createdMs: timeMs });
    app.pods.push(pod);
    return schedule(pod, timeMs);
  }

  function remove(pod: Pod, timeMs: number): void {
    if (pod.deletingMs > 0 || pod.isGone) return;
    pod.deletingMs = timeMs;
    setReady(pod, false, timeMs);
    showPod(pod);
    note(aboutPod(pod), fromKubelet(pod, "Normal", "Killing", `Stopping container ${pod.containerName}`), timeMs);
    later(world, timeMs + 2000, (now) => {
      endContainer(world, pod, now, { exitCode: 0, signal: 15 });
      pod.isGone = true;
      const { app } = pod;
      if (app !== undefined) app.pods.splice(app.pods.indexOf(pod), 1);
      objects.remove("Pod", pod.namespace, pod.name);
      if (app !== undefined) show(app);
    });
  }

  function crash(pod: Pod, timeMs: number, { reason, exitCode, restartAfterMs }: CrashEnd): void {
    if (pod.main === undefined || pod.deletingMs > 0) return;
    endContainer(world, pod, timeMs, { exitCode: exitCode === 137 ? -1 : exitCode, signal: exitCode === 137 ? 9 : 0 });
    pod.lastEnd = { reason, exitCode, startedMs: pod.containerStartedMs, endedMs: timeMs };
    pod.waitingReason = "CrashLoopBackOff";
    setReady(pod, false, timeMs);
    showPod(pod);
    if (reason === "OOMKilled")
      note(
        aboutPod(pod),
        fromKubelet(
          pod,
          "Warning",
          "OOMKilling",
          `Memory cgroup out of memory: container ${pod.containerName} was killed`,
        ),
        timeMs,
      );
    const message = `Back-off restarting failed container ${pod.containerName} in pod ${pod.name}`;
    note(aboutPod(pod), fromKubelet(pod, "Warning", "BackOff", message), timeMs + 100);
    later(world, timeMs + restartAfterMs, (now) => {
      if (pod.isGone || pod.deletingMs > 0) return;
      pod.restarts += 1;
      pod.containerId = world.identities.hex(64);
      world.nextCgroupId += 1;
      pod.cgroupId = world.nextCgroupId;
      begin(pod, now);
    });
  }

  function rollOut(
    app: App,
    change: { readonly version: string; readonly outOfMemoryAfterMs: number },
    timeMs: number,
  ): void {
    const revision = {
      ...change,
      number: app.revision.number + 1,
      hash: world.identities.suffix(9),
      uid: world.identities.uuid(),
      createdMs: timeMs,
    };
    app.revision = revision;
    app.revisions.push(revision);
    while (app.revisions.length > revisionsKeptMax) {
      const oldest = app.revisions.shift();
      objects.remove("ReplicaSet", app.spec.namespace, `${app.spec.name}-${oldest?.hash ?? ""}`);
    }
    app.generation += 1;
    app.isRollingOut = true;
    show(app);
    const scaled = `Scaled up replica set ${app.spec.name}-${revision.hash} from 0 to ${app.spec.replicas}`;
    note(
      aboutApp(app),
      { type: "Normal", reason: "ScalingReplicaSet", message: scaled, source: "deployment-controller", host: "" },
      timeMs,
    );
    replaceOne(app, revision, timeMs);
  }

  /** One pod of the new revision, then one of the old ones goes; again until none is left. A newer roll-out takes over. */
  function replaceOne(app: App, revision: Revision, timeMs: number): void {
    if (app.revision !== revision) return;
    const old = app.pods.find((pod) => pod.revision !== revision && pod.deletingMs === 0);
    if (old === undefined) {
      app.isRollingOut = false;
      show(app);
      return;
    }
    create(app, revision, timeMs);
    later(world, timeMs + 3200, (now) => remove(old, now));
    later(world, timeMs + 4500, (now) => replaceOne(app, revision, now));
  }

  function createForJob(job: Job, timeMs: number): Pod {
    const pod = makePod(world, { app: undefined, revision: undefined, job, createdMs: timeMs });
    job.pod = pod;
    objects.put("Job", jobObject(job));
    objects.put("CronJob", cronObject(job.cron));
    return schedule(pod, timeMs);
  }

  function complete(job: Job, timeMs: number): void {
    const { pod } = job;
    if (pod === undefined) return;
    endContainer(world, pod, timeMs, { exitCode: 0, signal: 0 });
    pod.phase = "Succeeded";
    pod.lastEnd = { reason: "Completed", exitCode: 0, startedMs: pod.containerStartedMs, endedMs: timeMs };
    job.completedMs = timeMs;
    showPod(pod);
    objects.put("Job", jobObject(job));
    objects.put("CronJob", cronObject(job.cron));
  }

  return { create, createForJob, remove, crash, rollOut, complete, note, show };
}

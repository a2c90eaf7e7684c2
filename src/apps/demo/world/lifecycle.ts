// What happens to pods: they are made, start, get ready, end, restart, go. Every step is told to the API server and to the node's agent.
import type { About, Note, Notes } from "./notes.ts";
import { aboutApp, aboutPod } from "./notes.ts";
import { appObject, jobObject, revisionObject, sliceObject, cronObject } from "./objects.ts";
import { podObject } from "./pod-object.ts";
import { endContainer, startContainer } from "./processes.ts";
import { makePod } from "./make-pod.ts";
import { later, type App, type Job, type Pod, type Revision, type World } from "./state.ts";

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

/** ReplicaSets of older revisions that a Deployment keeps. */
const revisionsKeptMax = 5;
/** After this long a container counts as steady: its back-off begins anew. */
const backOffMsMax = 60_000;

export function createLifecycle(world: World, notes: Notes): Lifecycle {
  return new PodLifecycle(world, notes);
}

class PodLifecycle implements Lifecycle {
  readonly #world: World;
  readonly #notes: Notes;

  constructor(world: World, notes: Notes) {
    this.#world = world;
    this.#notes = notes;
  }

  note(about: About, what: Note, timeMs: number): void {
    this.#notes.tell(about, what, timeMs);
  }

  show(app: App): void {
    this.#world.objects.put(app.spec.kind, appObject(app));
    if (app.spec.kind === "Deployment") {
      for (const revision of app.revisions) this.#world.objects.put("ReplicaSet", revisionObject(app, revision));
    }
    if (app.serviceName !== "") this.#world.objects.put("EndpointSlice", sliceObject(app));
  }

  #showPod(pod: Pod): void {
    if (!pod.isGone) this.#world.objects.put("Pod", podObject(pod));
    if (pod.app !== undefined) this.show(pod.app);
  }

  #begin(pod: Pod, timeMs: number): void {
    if (pod.isGone || pod.deletingMs > 0) return;
    pod.phase = "Running";
    pod.waitingReason = "";
    startContainer(this.#world, pod, timeMs);
    this.#showPod(pod);
    this.note(aboutPod(pod), fromKubelet(pod, "Normal", "Started", `Started container ${pod.containerName}`), timeMs);
    later(this.#world, timeMs + 1500, (now) => {
      if (pod.main === undefined || pod.deletingMs > 0 || pod.isGone || pod.job !== undefined) return;
      setReady(pod, true, now);
      this.#showPod(pod);
    });
    const dueMs = pod.revision?.outOfMemoryAfterMs ?? 0;
    const containerId = pod.containerId;
    if (dueMs > 0)
      later(this.#world, timeMs + dueMs, (now) => {
        if (pod.containerId !== containerId || pod.main === undefined || pod.deletingMs > 0) return;
        const restartAfterMs = Math.min(backOffMsMax, 5000 * 2 ** Math.min(pod.restarts, 4));
        this.crash(pod, now, { reason: "OOMKilled", exitCode: 137, restartAfterMs });
      });
  }

  #schedule(pod: Pod, timeMs: number): Pod {
    this.#showPod(pod);
    const where = `Successfully assigned ${pod.namespace}/${pod.name} to ${pod.node.name}`;
    this.note(
      aboutPod(pod),
      { type: "Normal", reason: "Scheduled", message: where, source: "default-scheduler", host: "" },
      timeMs,
    );
    later(this.#world, timeMs + 700, (now) => {
      this.note(
        aboutPod(pod),
        fromKubelet(pod, "Normal", "Pulled", `Container image "${pod.image}" already present on machine`),
        now,
      );
      this.note(aboutPod(pod), fromKubelet(pod, "Normal", "Created", `Created container: ${pod.containerName}`), now);
      this.#begin(pod, now);
    });
    return pod;
  }

  create(app: App, revision: Revision, timeMs: number): Pod {
    const pod = makePod(this.#world, { app, revision, job: undefined, createdMs: timeMs });
    app.pods.push(pod);
    return this.#schedule(pod, timeMs);
  }

  remove(pod: Pod, timeMs: number): void {
    if (pod.deletingMs > 0 || pod.isGone) return;
    pod.deletingMs = timeMs;
    setReady(pod, false, timeMs);
    this.#showPod(pod);
    this.note(aboutPod(pod), fromKubelet(pod, "Normal", "Killing", `Stopping container ${pod.containerName}`), timeMs);
    later(this.#world, timeMs + 2000, (now) => {
      endContainer(this.#world, pod, now, { exitCode: 0, signal: 15 });
      pod.isGone = true;
      const { app } = pod;
      if (app !== undefined) app.pods.splice(app.pods.indexOf(pod), 1);
      this.#world.objects.remove("Pod", pod.namespace, pod.name);
      if (app !== undefined) this.show(app);
    });
  }

  crash(pod: Pod, timeMs: number, { reason, exitCode, restartAfterMs }: CrashEnd): void {
    if (pod.main === undefined || pod.deletingMs > 0) return;
    endContainer(this.#world, pod, timeMs, {
      exitCode: exitCode === 137 ? -1 : exitCode,
      signal: exitCode === 137 ? 9 : 0,
    });
    pod.lastEnd = { reason, exitCode, startedMs: pod.containerStartedMs, endedMs: timeMs };
    pod.waitingReason = "CrashLoopBackOff";
    setReady(pod, false, timeMs);
    this.#showPod(pod);
    if (reason === "OOMKilled")
      this.note(
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
    this.note(aboutPod(pod), fromKubelet(pod, "Warning", "BackOff", message), timeMs + 100);
    later(this.#world, timeMs + restartAfterMs, (now) => {
      if (pod.isGone || pod.deletingMs > 0) return;
      pod.restarts += 1;
      pod.containerId = this.#world.identities.hex(64);
      this.#world.nextCgroupId += 1;
      pod.cgroupId = this.#world.nextCgroupId;
      this.#begin(pod, now);
    });
  }

  rollOut(app: App, change: { readonly version: string; readonly outOfMemoryAfterMs: number }, timeMs: number): void {
    const revision = {
      ...change,
      number: app.revision.number + 1,
      hash: this.#world.identities.suffix(9),
      uid: this.#world.identities.uuid(),
      createdMs: timeMs,
    };
    app.revision = revision;
    app.revisions.push(revision);
    while (app.revisions.length > revisionsKeptMax) {
      const oldest = app.revisions.shift();
      this.#world.objects.remove("ReplicaSet", app.spec.namespace, `${app.spec.name}-${oldest?.hash ?? ""}`);
    }
    app.generation += 1;
    app.isRollingOut = true;
    this.show(app);
    const scaled = `Scaled up replica set ${app.spec.name}-${revision.hash} from 0 to ${app.spec.replicas}`;
    this.note(
      aboutApp(app),
      { type: "Normal", reason: "ScalingReplicaSet", message: scaled, source: "deployment-controller", host: "" },
      timeMs,
    );
    this.#replaceOne(app, revision, timeMs);
  }

  /** One pod of the new revision, then one of the old ones goes; again until none is left. A newer roll-out takes over. */
  #replaceOne(app: App, revision: Revision, timeMs: number): void {
    if (app.revision !== revision) return;
    const old = app.pods.find((pod) => pod.revision !== revision && pod.deletingMs === 0);
    if (old === undefined) {
      app.isRollingOut = false;
      this.show(app);
      return;
    }
    this.create(app, revision, timeMs);
    later(this.#world, timeMs + 3200, (now) => this.remove(old, now));
    later(this.#world, timeMs + 4500, (now) => this.#replaceOne(app, revision, now));
  }

  createForJob(job: Job, timeMs: number): Pod {
    const pod = makePod(this.#world, { app: undefined, revision: undefined, job, createdMs: timeMs });
    job.pod = pod;
    this.#world.objects.put("Job", jobObject(job));
    this.#world.objects.put("CronJob", cronObject(job.cron));
    return this.#schedule(pod, timeMs);
  }

  complete(job: Job, timeMs: number): void {
    const { pod } = job;
    if (pod === undefined) return;
    endContainer(this.#world, pod, timeMs, { exitCode: 0, signal: 0 });
    pod.phase = "Succeeded";
    pod.lastEnd = { reason: "Completed", exitCode: 0, startedMs: pod.containerStartedMs, endedMs: timeMs };
    job.completedMs = timeMs;
    this.#showPod(pod);
    this.#world.objects.put("Job", jobObject(job));
    this.#world.objects.put("CronJob", cronObject(job.cron));
  }
}

function fromKubelet(pod: Pod, type: Note["type"], reason: string, message: string): Note {
  return { type, reason, message, source: "kubelet", host: pod.node.name };
}

function setReady(pod: Pod, isReady: boolean, timeMs: number): void {
  if (pod.isReady === isReady) return;
  pod.isReady = isReady;
  pod.readySinceMs = timeMs;
}

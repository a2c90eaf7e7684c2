// A simulated pod as its API server holds it: spec from the workload's table, status from what happened to it.
import { seconds } from "../../../edge/kube-server/store.ts";
import type { KubeObject, OwnerReference } from "../../../edge/kube-server/object.ts";
import type { App, Pod, Revision } from "./state.ts";

/** On every object of the demo: nothing of it is real. */
export const simulated = { "garrison.dev/simulated": "true" } as const;

export function podTemplate(app: App, revision: Revision): Record<string, unknown> {
  return { metadata: { labels: { app: app.spec.name } }, spec: podSpec(app, revision) };
}

function podSpec(app: App, revision: Revision): Record<string, unknown> {
  const { spec } = app;
  const container = {
    name: spec.name,
    image: `${spec.image}:${revision.version}`,
    command: spec.command,
    ports: [{ name: "main", containerPort: spec.port, protocol: spec.name === "coredns" ? "UDP" : "TCP" }],
    env: [
      { name: "LOG_LEVEL", value: "info" },
      ...spec.secrets.map((name) => ({
        name: `${name.replaceAll("-", "_").toUpperCase()}_PASSWORD`,
        valueFrom: { secretKeyRef: { name, key: "password" } },
      })),
    ],
    resources: {
      requests: { cpu: "100m", memory: `${spec.memoryMebibytes / 2}Mi` },
      limits: { memory: `${spec.memoryMebibytes}Mi` },
    },
  };
  return {
    containers: [container],
    serviceAccountName: spec.name,
    restartPolicy: "Always",
    ...(spec.isHostNetwork ? { hostNetwork: true } : {}),
    ...(spec.kind === "StatefulSet"
      ? { volumes: [{ name: "data", persistentVolumeClaim: { claimName: `data-${spec.name}-0` } }] }
      : {}),
  };
}

export function podObject(pod: Pod): KubeObject {
  const { app, revision, job } = pod;
  const spec =
    app === undefined || revision === undefined
      ? {
          containers: [{ name: pod.containerName, image: pod.image, command: pod.command }],
          restartPolicy: "Never",
          serviceAccountName: "default",
        }
      : podSpec(app, revision);
  const owners = ownersOf(pod);
  return {
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      uid: pod.uid,
      labels: { ...pod.labels, ...simulated },
      creationTimestamp: seconds(pod.createdMs),
      ...(pod.deletingMs === 0 ? {} : { deletionTimestamp: seconds(pod.deletingMs), deletionGracePeriodSeconds: 30 }),
      ...(owners.length === 0 ? {} : { ownerReferences: owners }),
      ...(job === undefined ? {} : { generateName: `${job.name}-` }),
    },
    spec: { ...spec, nodeName: pod.node.name },
    status: statusOf(pod),
  };
}

function ownersOf({ app, revision, job }: Pod): readonly OwnerReference[] {
  const base = { controller: true, blockOwnerDeletion: true };
  if (job !== undefined) return [{ apiVersion: "batch/v1", kind: "Job", name: job.name, uid: job.uid, ...base }];
  if (app === undefined || revision === undefined) return [];
  const { kind, name } = app.spec;
  return kind === "Deployment"
    ? [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: `${name}-${revision.hash}`, uid: revision.uid, ...base }]
    : [{ apiVersion: "apps/v1", kind, name, uid: app.uid, ...base }];
}

function statusOf(pod: Pod): Record<string, unknown> {
  const { phase, isReady, createdMs } = pod;
  const isPlaced = phase !== "Pending";
  const since = seconds(pod.readySinceMs === 0 ? createdMs : pod.readySinceMs);
  const why = phase === "Succeeded" ? { reason: "PodCompleted" } : isReady ? {} : { reason: "ContainersNotReady" };
  const ready = (type: string) => ({ type, status: isReady ? "True" : "False", lastTransitionTime: since, ...why });
  return {
    phase,
    hostIP: pod.node.address,
    ...(isPlaced ? { podIP: pod.address, podIPs: [{ ip: pod.address }] } : {}),
    startTime: seconds(createdMs),
    qosClass: "Burstable",
    conditions: [
      { type: "PodScheduled", status: "True", lastTransitionTime: seconds(createdMs) },
      { type: "Initialized", status: "True", lastTransitionTime: seconds(createdMs) },
      ready("ContainersReady"),
      ready("Ready"),
    ],
    containerStatuses: [containerStatus(pod)],
  };
}

function containerStatus(pod: Pod): Record<string, unknown> {
  const { lastEnd, image, imageDigest } = pod;
  const id = `containerd://${pod.containerId}`;
  const ended =
    lastEnd === undefined
      ? undefined
      : {
          terminated: {
            exitCode: lastEnd.exitCode,
            reason: lastEnd.reason,
            startedAt: seconds(lastEnd.startedMs),
            finishedAt: seconds(lastEnd.endedMs),
            containerID: id,
          },
        };
  const isRunning = pod.phase === "Running" && pod.waitingReason === "";
  const state = isRunning
    ? { running: { startedAt: seconds(pod.containerStartedMs) } }
    : pod.phase === "Succeeded" && ended !== undefined
      ? ended
      : { waiting: { reason: pod.waitingReason === "" ? "ContainerCreating" : pod.waitingReason } };
  return {
    name: pod.containerName,
    image,
    imageID: pod.phase === "Pending" ? "" : `${image.split(":")[0] ?? image}@${imageDigest}`,
    ...(pod.phase === "Pending" ? {} : { containerID: id }),
    ready: pod.isReady,
    started: isRunning,
    restartCount: pod.restarts,
    state,
    lastState: pod.phase === "Succeeded" || ended === undefined ? {} : ended,
  };
}

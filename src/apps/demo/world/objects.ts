// The simulated cluster's objects as its API server holds them: nodes, namespaces, workloads, services, jobs. Pods are in pod-object.ts.
import { seconds } from "../../../edge/kube-server/store.ts";
import type { KubeObject, ObjectMeta } from "../../../edge/kube-server/object.ts";
import { publicAddress } from "./catalog.ts";
import { podTemplate, simulated } from "./pod-object.ts";
import type { App, CronJob, Job, Revision, SimNode, World } from "./state.ts";

export function namespaceObject(name: string, uid: string, createdMs: number): KubeObject {
  const labels = { "kubernetes.io/metadata.name": name, ...simulated };
  return { metadata: { name, uid, labels, creationTimestamp: seconds(createdMs) }, status: { phase: "Active" } };
}

export interface NodeTrouble {
  readonly reason: string;
  readonly message: string;
  readonly sinceMs: number;
}

export function nodeObject(world: World, node: SimNode, trouble: NodeTrouble | undefined): KubeObject {
  const started = seconds(world.startMs);
  const condition = (type: string, status: string, reason: string, message: string, since = started) => ({
    type,
    status,
    reason,
    message,
    lastTransitionTime: since,
  });
  const network =
    trouble === undefined
      ? condition("NetworkProblem", "False", "NoNetworkProblem", "node-problem-detector sees no network problem")
      : condition("NetworkProblem", "True", trouble.reason, trouble.message, seconds(trouble.sinceMs));
  return {
    metadata: {
      name: node.name,
      uid: node.uid,
      creationTimestamp: seconds(world.startMs - 120_000),
      labels: {
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/region": "simulated",
        "topology.kubernetes.io/zone": `simulated-${node.zone}`,
        ...simulated,
      },
    },
    spec: { podCIDR: `${node.podPrefix}0/24`, podCIDRs: [`${node.podPrefix}0/24`] },
    status: {
      addresses: [
        { type: "InternalIP", address: node.address },
        { type: "Hostname", address: node.name },
      ],
      capacity: { cpu: "4", memory: "16384Mi", pods: "110" },
      allocatable: { cpu: "3800m", memory: "15360Mi", pods: "110" },
      conditions: [
        condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        network,
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
      ],
      nodeInfo: {
        architecture: "amd64",
        containerRuntimeVersion: "containerd://2.1.4",
        kernelVersion: "6.12.0-simulated",
        kubeletVersion: "v1.36.3+garrison.simulated",
        operatingSystem: "linux",
        osImage: "Simulated Linux",
      },
    },
  };
}

function metadataOf(app: App, createdMs: number): ObjectMeta {
  const { name, namespace } = app.spec;
  return { name, namespace, uid: app.uid, labels: { app: name, ...simulated }, creationTimestamp: seconds(createdMs) };
}

/** Deployment, StatefulSet or DaemonSet. */
export function appObject(app: App): KubeObject {
  const { spec, revision, pods } = app;
  const selector = { matchLabels: { app: spec.name } };
  const living = pods.filter((pod) => pod.deletingMs === 0);
  const ready = living.filter((pod) => pod.isReady).length;
  const updated = living.filter((pod) => pod.revision === revision).length;
  const template = podTemplate(app, revision);
  const metadata = metadataOf(app, app.createdMs);
  if (spec.kind === "DaemonSet") {
    const status = {
      desiredNumberScheduled: spec.replicas,
      currentNumberScheduled: living.length,
      numberReady: ready,
      numberAvailable: ready,
      updatedNumberScheduled: updated,
      numberMisscheduled: 0,
      observedGeneration: app.generation,
    };
    return { metadata, spec: { selector, template, updateStrategy: { type: "RollingUpdate" } }, status };
  }
  const counts = { replicas: living.length, readyReplicas: ready, availableReplicas: ready, updatedReplicas: updated };
  if (spec.kind === "StatefulSet") {
    const status = {
      ...counts,
      currentReplicas: living.length,
      currentRevision: revision.hash,
      updateRevision: revision.hash,
    };
    return { metadata, spec: { replicas: spec.replicas, serviceName: app.serviceName, selector, template }, status };
  }
  metadata.annotations = { "deployment.kubernetes.io/revision": String(revision.number) };
  const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } };
  return {
    metadata,
    spec: { replicas: spec.replicas, selector, template, strategy },
    status: { ...counts, observedGeneration: app.generation, conditions: deploymentConditions(app, ready) },
  };
}

function deploymentConditions(app: App, ready: number): readonly Record<string, string>[] {
  const isAvailable = ready >= Math.ceil(app.spec.replicas * 0.75);
  const set = `${app.spec.name}-${app.revision.hash}`;
  return [
    {
      type: "Available",
      status: isAvailable ? "True" : "False",
      reason: isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
      message: isAvailable ? "Deployment has minimum availability." : "Deployment does not have minimum availability.",
    },
    {
      type: "Progressing",
      status: "True",
      reason: app.isRollingOut ? "ReplicaSetUpdated" : "NewReplicaSetAvailable",
      message: app.isRollingOut
        ? `ReplicaSet "${set}" is progressing.`
        : `ReplicaSet "${set}" has successfully progressed.`,
    },
  ];
}

/** The ReplicaSet of one revision of a Deployment. */
export function revisionObject(app: App, revision: Revision): KubeObject {
  const { name, namespace } = app.spec;
  const labels = { app: name, "pod-template-hash": revision.hash };
  const pods = app.pods.filter((pod) => pod.revision === revision && pod.deletingMs === 0);
  const isCurrent = revision === app.revision && !app.isRollingOut;
  const ready = pods.filter((pod) => pod.isReady).length;
  return {
    metadata: {
      name: `${name}-${revision.hash}`,
      namespace,
      uid: revision.uid,
      labels: { ...labels, ...simulated },
      creationTimestamp: seconds(revision.createdMs),
      annotations: { "deployment.kubernetes.io/revision": String(revision.number) },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "Deployment", name, uid: app.uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: {
      replicas: isCurrent ? app.spec.replicas : pods.length,
      selector: { matchLabels: labels },
      template: podTemplate(app, revision),
    },
    status: {
      replicas: pods.length,
      readyReplicas: ready,
      availableReplicas: ready,
      fullyLabeledReplicas: pods.length,
    },
  };
}

export function serviceObject(app: App): KubeObject {
  const { spec, clusterAddress, serviceName } = app;
  const isPublic = spec.namespace === "ingress";
  const udp = spec.name === "coredns" ? [{ name: "dns", protocol: "UDP", port: 53, targetPort: 53 }] : [];
  const name = spec.name === "coredns" ? "dns-tcp" : spec.servicePort === 443 ? "https" : portName(spec.servicePort);
  return {
    metadata: {
      name: serviceName,
      namespace: spec.namespace,
      uid: app.serviceUid,
      labels: { app: spec.name, ...simulated },
      creationTimestamp: seconds(app.createdMs),
    },
    spec: {
      type: isPublic ? "LoadBalancer" : "ClusterIP",
      clusterIP: clusterAddress,
      clusterIPs: [clusterAddress],
      ipFamilies: ["IPv4"],
      selector: { app: spec.name },
      ports: [...udp, { name, protocol: "TCP", port: spec.servicePort, targetPort: spec.port }],
      ...(isPublic ? { externalTrafficPolicy: "Local" } : {}),
    },
    status: { loadBalancer: isPublic ? { ingress: [{ ip: publicAddress }] } : {} },
  };
}

function portName(port: number): string {
  return { 5432: "postgres", 6379: "redis", 5672: "amqp" }[port] ?? "http";
}

/** Every pod with an address; ready ones are those that connections go to. */
export function sliceObject(app: App): KubeObject {
  const { spec, serviceName, sliceName } = app;
  const pods = app.pods.filter((pod) => pod.phase === "Running");
  const udp = spec.name === "coredns" ? [{ name: "dns", protocol: "UDP", port: 53 }] : [];
  const name = spec.name === "coredns" ? "dns-tcp" : spec.servicePort === 443 ? "https" : portName(spec.servicePort);
  return {
    addressType: "IPv4",
    metadata: {
      name: sliceName,
      namespace: spec.namespace,
      uid: app.sliceUid,
      labels: {
        "kubernetes.io/service-name": serviceName,
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
      },
      creationTimestamp: seconds(app.createdMs),
      ownerReferences: [
        {
          apiVersion: "v1",
          kind: "Service",
          name: serviceName,
          uid: app.serviceUid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    endpoints: pods.map((pod) => ({
      addresses: [pod.address],
      conditions: { ready: pod.isReady, serving: pod.isReady, terminating: pod.deletingMs > 0 },
      nodeName: pod.node.name,
      targetRef: { kind: "Pod", name: pod.name, namespace: pod.namespace, uid: pod.uid },
    })),
    ports: [...udp, { name, protocol: "TCP", port: spec.port }],
  };
}

function jobTemplate(cron: CronJob): Record<string, unknown> {
  const { name, image, command } = cron.spec;
  const container = { name, image, command, resources: { requests: { cpu: "50m", memory: "64Mi" } } };
  return { metadata: { labels: { app: name } }, spec: { restartPolicy: "Never", containers: [container] } };
}

export function cronObject(cron: CronJob): KubeObject {
  const { name, everyMinutes } = cron.spec;
  const active = cron.jobs.filter((job) => job.completedMs === 0);
  return {
    metadata: {
      name,
      namespace: "shop",
      uid: cron.uid,
      labels: { app: name, ...simulated },
      creationTimestamp: seconds(cron.createdMs),
    },
    spec: {
      schedule: `*/${everyMinutes} * * * *`,
      concurrencyPolicy: "Forbid",
      suspend: false,
      jobTemplate: { spec: { template: jobTemplate(cron) } },
    },
    status: {
      ...(cron.lastMs === 0 ? {} : { lastScheduleTime: seconds(cron.lastMs) }),
      ...(active.length === 0
        ? {}
        : { active: active.map((job) => ({ kind: "Job", name: job.name, namespace: "shop", uid: job.uid })) }),
    },
  };
}

export function jobObject(job: Job): KubeObject {
  const { cron, name, uid, createdMs, completedMs } = job;
  const labels = { app: cron.spec.name, "batch.kubernetes.io/job-name": name, "job-name": name };
  const isDone = completedMs > 0;
  const condition = {
    type: "Complete",
    status: "True",
    reason: "CompletionsReached",
    lastTransitionTime: seconds(completedMs),
  };
  return {
    metadata: {
      name,
      namespace: "shop",
      uid,
      labels: { ...labels, ...simulated },
      creationTimestamp: seconds(createdMs),
      ownerReferences: [
        {
          apiVersion: "batch/v1",
          kind: "CronJob",
          name: cron.spec.name,
          uid: cron.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      selector: { matchLabels: { "batch.kubernetes.io/job-name": name } },
      template: jobTemplate(cron),
    },
    status: isDone
      ? { succeeded: 1, startTime: seconds(createdMs), completionTime: seconds(completedMs), conditions: [condition] }
      : { active: 1, ready: 1, startTime: seconds(createdMs) },
  };
}

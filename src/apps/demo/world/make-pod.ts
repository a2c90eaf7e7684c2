// A new pod of the simulated cluster: name, labels, place and address as Kubernetes' own controllers would give them.
import type { App, Job, Pod, Revision, SimNode, World } from "./state.ts";

export interface PodParts {
  readonly app: App | undefined;
  readonly revision: Revision | undefined;
  readonly job: Job | undefined;
  readonly createdMs: number;
}

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
  const labels = { app: app.spec.name, ...app.spec.labels };
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
/** What the simulated runtime calls an image. */
export function digestOf(image: string): string {
  let digits = "";
  for (let part = 0; digits.length < 64; part += 1) {
    let value = 0x811c9dc5 ^ part;
    for (let index = 0; index < image.length; index += 1)
      value = Math.imul(value ^ image.charCodeAt(index), 0x01000193);
    digits += (value >>> 0).toString(16).padStart(8, "0");
  }
  return `sha256:${digits.slice(0, 64)}`;
}

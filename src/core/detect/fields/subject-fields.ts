// container.*, k8s.*, user.* and group.*: in which workload and as whom. "host" is the id of everything outside containers, as in Falco.
import type { ContainerMount, DetectSubject } from "../contract.ts";
import type { DetectEvent, ReadValue, Value } from "../event.ts";
import { globPattern } from "../engine/glob.ts";
import { plain, type Field, type FieldGroup, type FieldType } from "./field.ts";

type Read = (subject: DetectSubject) => Value;
const some = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

function ofSubject(
  name: string,
  type: FieldType,
  [group, description]: readonly [FieldGroup, string],
  read: Read,
): Field {
  return plain(name, { type, scope: "process", group, description }, (event) => read(event.subject));
}

const inContainer = (name: string, group: FieldGroup, description: string, read: Read): Field =>
  ofSubject(name, "text", [group, description], (subject) => (subject.isContainer ? read(subject) : undefined));

/** Every rule on containers asks for it: the last one is cut once. */
const lastId = { whole: "", short: "unknown" };

function shortId(whole: string): string {
  if (whole !== lastId.whole) {
    lastId.whole = whole;
    lastId.short = whole.slice(0, 12) || "unknown";
  }
  return lastId.short;
}

const idOf: Read = ({ isContainer, subject }) => (isContainer ? shortId(subject.containerId) : "host");

/** "docker.io/library/nginx:1.27@sha256:..." in parts. A port of a registry is no tag. */
function imageParts(image: string): { readonly repository: string; readonly tag: string } {
  const name = image.split("@")[0] ?? "";
  const colon = name.lastIndexOf(":");
  const isTag = colon > name.lastIndexOf("/");
  return isTag ? { repository: name.slice(0, colon), tag: name.slice(colon + 1) } : { repository: name, tag: "" };
}

const mountParts = {
  source: (mount: ContainerMount) => mount.source,
  dest: (mount: ContainerMount) => mount.destination,
  mode: (mount: ContainerMount) => mount.mode,
  rdwr: (mount: ContainerMount) => String(mount.isWritable),
  propagation: (mount: ContainerMount) => mount.propagation,
} as const;

/** The argument is a number, or a glob over sources (of `container.mount.dest` over destinations, of the others as well). Missing: nothing of that name is mounted: "N/A". */
function mountField(part: keyof typeof mountParts): Field {
  return {
    name: `container.mount.${part}`,
    type: "text",
    scope: "process",
    group: "container-runtime",
    argument: "key!",
    description: `${part} of the mount whose number, source or destination is the argument`,
    read(argument = ""): ReadValue {
      const matches = globPattern(argument);
      return ({ subject: { mounts } }) => {
        // Nobody said what is mounted: no rule may conclude from it that something is.
        if (mounts === undefined) return "N/A";
        const byNumber = /^\d+$/.test(argument) ? mounts[Number(argument)] : undefined;
        const found = byNumber ?? mounts.find((mount) => matches(mount.destination) || matches(mount.source));
        return found === undefined ? "N/A" : mountParts[part](found);
      };
    },
  };
}

function mountText({ source, destination, mode, isWritable, propagation }: ContainerMount): string {
  return `${source}:${destination}:${mode}:${isWritable}:${propagation}`;
}

const labelField = (name: string): Field => ({
  name,
  type: "text",
  scope: "process",
  group: "kubernetes",
  argument: "key!",
  description: "one label of the pod",
  read:
    (argument = "") =>
    ({ subject: { podLabels } }) =>
      podLabels !== undefined && Object.hasOwn(podLabels, argument) ? podLabels[argument] : undefined,
});

const namespaceOf: Read = ({ subject }) => (subject.pod === "" ? undefined : some(subject.namespace));

const labelsText: Read = ({ podLabels }) =>
  podLabels &&
  Object.entries(podLabels)
    .map(([key, value]) => `${key}:${value}`)
    .join(", ");

const workloadOf =
  (kind: string): Read =>
  ({ subject }) =>
    subject.workloadKind === kind ? some(subject.workload) : undefined;

/** From here on ids belong to people, and a container's are not the machine's; below they are nearly the same everywhere. */
const ownIdsFrom = 1000;

function userName(event: DetectEvent, uid: number | undefined): Value {
  if (uid === undefined) return undefined;
  // A user without a name is not missing: it is none of those that a rule names ("user.name != _apt" holds), as in Falco.
  if (event.subject.isContainer && uid >= ownIdsFrom) return "<NA>";
  return event.machine.userName(uid) ?? "<NA>";
}

const loginUidOf = ({ process: { facts } }: DetectEvent): number | undefined => facts?.loginUid;
const uidOf = ({ process: { uid, isKnown } }: DetectEvent): number | undefined => (isKnown ? uid : undefined);

function ofUser(
  name: string,
  type: FieldType,
  [group, description]: readonly [FieldGroup, string],
  read: ReadValue,
): Field {
  return plain(name, { type, scope: "process", group, description }, read);
}

export const subjectFields: readonly Field[] = [
  ofSubject("container.id", "text", ["container", 'first 12 characters of the id, or "host"'], idOf),
  ofSubject("container.full_id", "text", ["container", 'the whole id, or "host"'], (subject) =>
    subject.isContainer ? some(subject.subject.containerId) : "host",
  ),
  ofSubject("container.name", "text", ["container", 'its name, or "host"'], (subject) =>
    subject.isContainer ? some(subject.subject.container) : "host",
  ),
  inContainer("container.image", "container", "the image as it was asked for", ({ subject }) => some(subject.image)),
  inContainer("container.image.repository", "container", "the image without its tag", ({ subject }) =>
    some(imageParts(subject.image).repository),
  ),
  inContainer("container.image.tag", "container", "the image's tag", ({ subject }) =>
    some(imageParts(subject.image).tag),
  ),
  inContainer("container.image.digest", "container", "the image's digest", ({ subject }) => some(subject.imageDigest)),
  inContainer("container.image.id", "container", "the image's digest", ({ subject }) => some(subject.imageDigest)),
  ofSubject(
    "container.privileged",
    "boolean",
    ["exec-facts", "its processes have, or had, every capability"],
    ({ isPrivileged }) => isPrivileged,
  ),
  ofSubject("container.mounts", "text", ["container-runtime", "all mounts"], ({ mounts }) =>
    mounts?.map(mountText).join(","),
  ),
  ...(["source", "dest", "mode", "rdwr", "propagation"] as const).map(mountField),
  ofSubject("container.start_ts", "number", ["container-runtime", "start: nanoseconds since 1970"], ({ startedMs }) =>
    startedMs === undefined ? undefined : startedMs * 1_000_000,
  ),
  plain(
    "container.duration",
    { type: "number", scope: "event", group: "container-runtime", description: "nanoseconds since its start" },
    ({ subject, timeMs }) => (subject.startedMs === undefined ? undefined : (timeMs - subject.startedMs) * 1_000_000),
  ),
  ...(
    [
      "container.type",
      "container.ip",
      "container.cni.json",
      "container.healthcheck",
      "container.liveness_probe",
      "container.readiness_probe",
      "container.host_pid",
      "container.host_network",
      "container.host_ipc",
    ] as const
  ).map((name) => ofSubject(name, "text", ["untold", "not told by any sensor"], () => undefined)),
  { ...labelField("container.label"), group: "untold", read: () => () => undefined },
  ofSubject("k8s.ns.name", "text", ["kubernetes", "namespace"], namespaceOf),
  ofSubject("k8s.pod.name", "text", ["kubernetes", "pod"], ({ subject }) => some(subject.pod)),
  ofSubject("k8s.pod.id", "text", ["kubernetes", "uid of the pod"], ({ podUid }) => some(podUid)),
  ofSubject("k8s.pod.uid", "text", ["kubernetes", "uid of the pod"], ({ podUid }) => some(podUid)),
  labelField("k8s.pod.label"),
  labelField("k8smeta.pod.label"),
  ...["k8s.pod.labels", "k8smeta.pod.labels"].map((name) =>
    ofSubject(name, "text", ["kubernetes", "all labels of the pod"], labelsText),
  ),
  ofSubject("k8smeta.pod.name", "text", ["kubernetes", "Pod"], ({ subject }) => some(subject.pod)),
  ofSubject("k8smeta.pod.uid", "text", ["kubernetes", "uid of the pod"], ({ podUid }) => some(podUid)),
  ofSubject("k8smeta.ns.name", "text", ["kubernetes", "namespace"], namespaceOf),
  ofSubject("k8smeta.deployment.name", "text", ["kubernetes", "Deployment"], workloadOf("Deployment")),
  ofSubject("k8smeta.rs.name", "text", ["kubernetes", "ReplicaSet"], workloadOf("ReplicaSet")),
  ofSubject("k8smeta.svc.name", "text", ["kubernetes", "Service"], ({ subject }) => some(subject.service)),
  ofSubject("k8s.deployment.name", "text", ["kubernetes", "Deployment"], workloadOf("Deployment")),
  ofSubject("k8s.rs.name", "text", ["kubernetes", "ReplicaSet"], workloadOf("ReplicaSet")),
  ofSubject("k8s.daemonset.name", "text", ["kubernetes", "DaemonSet"], workloadOf("DaemonSet")),
  ofSubject("k8s.statefulset.name", "text", ["kubernetes", "StatefulSet"], workloadOf("StatefulSet")),
  ofSubject("k8s.svc.name", "text", ["kubernetes", "Service"], ({ subject }) => some(subject.service)),
  ofSubject("garrison.workload", "text", ["container", "workload of any kind"], ({ subject }) =>
    some(subject.workload),
  ),
  ofSubject(
    "garrison.workload.kind",
    "text",
    ["container", "Deployment, SystemdUnit, Session, ..."],
    ({ subject }) => subject.workloadKind,
  ),
  ofSubject("garrison.namespace", "text", ["container", 'namespace, "host" outside Kubernetes'], ({ subject }) =>
    some(subject.namespace),
  ),
  ofUser("user.uid", "number", ["process", "effective user id"], uidOf),
  ofUser("user.name", "text", ["user", "the user's name on this machine"], (event) => userName(event, uidOf(event))),
  ofUser("user.loginuid", "number", ["exec-facts", "audit login uid, -1: none"], (event) => {
    const uid = loginUidOf(event);
    return uid === 4_294_967_295 ? -1 : uid;
  }),
  ofUser("user.loginname", "text", ["exec-facts", "name of the login user"], (event) => {
    const uid = loginUidOf(event);
    return uid === 4_294_967_295 ? undefined : userName(event, uid);
  }),
  ofUser("group.gid", "number", ["process", "effective group id"], ({ process: { gid, isKnown } }) =>
    isKnown ? gid : undefined,
  ),
  ofUser("group.name", "text", ["user", "the group's name on this machine"], ({ process: { gid, isKnown }, machine }) =>
    isKnown ? machine.groupName(gid) : undefined,
  ),
  ofUser("user.homedir", "text", ["untold", "not told by any sensor"], () => undefined),
  ofUser("user.shell", "text", ["untold", "not told by any sensor"], () => undefined),
  ofUser("evt.hostname", "text", ["event", "name of the machine"], ({ machine }) => machine.hostname),
];

// From the rendered overlay and the options to what is applied. Pure: objects in, objects out; with the defaults they are as Kustomize renders them.
import { mapContainers, isList, textAt, valueAt, withArgument, withValue, withVolume, type Tree } from "./object.ts";
import type { InstallOptions } from "./options.ts";

/** Kinds of ours that belong to no namespace. */
const clusterKinds: ReadonlySet<string> = new Set(["Namespace", "ClusterRole", "ClusterRoleBinding"]);
const namespaceDefault = "garrison";
export const socketDefault = "/run/containerd/containerd.sock";
export const imageDefault = "garrison.local/garrison:0.1.0";
export const clusterDefault = "kubernetes";

/** The names under which agents of the cluster reach the door, for its certificate. */
export function doorNames(namespace: string): readonly string[] {
  const service = `garrison-agents.${namespace}`;
  return ["garrison-agents", service, `${service}.svc`, `${service}.svc.cluster.local`];
}

/** The overlay's objects with the options applied. */
export function applyOptions(objects: readonly Tree[], options: InstallOptions): readonly Tree[] {
  return objects
    .filter((object) => options.storage === "claim" || textAt(object, "kind") !== "PersistentVolumeClaim")
    .map((object) => inNamespace(object, options.namespace))
    .map((object) => mapContainers(object, (container) => ({ ...container, image: options.image })))
    .map((object) => {
      switch (textAt(object, "kind")) {
        case "Deployment":
          return serverOf(object, options);
        case "DaemonSet":
          return agentOf(object, options);
        case "PersistentVolumeClaim":
          return claimOf(object, options);
        default:
          return object;
      }
    });
}

function serverOf(object: Tree, { cluster, namespace, storage, consoleHost }: InstallOptions): Tree {
  const server = mapContainers(object, (container) => {
    const named = withArgument(withArgument(container, "--cluster", cluster), "--kubernetes-cluster", cluster);
    const reached = withArgument(named, "--agents-names", doorNames(namespace).join(","));
    return consoleHost === undefined ? reached : withArgument(reached, "--console-allowed-hosts", consoleHost);
  });
  return storage === "ephemeral" ? withVolume(server, "data", { emptyDir: {} }) : server;
}

function agentOf(object: Tree, { runtimeSocket, serverAddress }: InstallOptions): Tree {
  const agent =
    serverAddress === undefined
      ? object
      : mapContainers(object, (container) => withArgument(container, "--server-address", serverAddress));
  if (runtimeSocket === socketDefault) return agent;
  if (runtimeSocket === "none")
    return mapContainers(withVolume(agent, "runtime", undefined), (container) =>
      withArgument(container, "--runtime-socket", undefined),
    );
  const slash = runtimeSocket.lastIndexOf("/");
  // The folder and not the socket: a restarted runtime makes a new one.
  const mounted = withVolume(agent, "runtime", { hostPath: { path: runtimeSocket.slice(0, slash) } });
  return mapContainers(mounted, (container) =>
    withArgument(container, "--runtime-socket", `/host/runtime/${runtimeSocket.slice(slash + 1)}`),
  );
}

function claimOf(object: Tree, { storageClass, storageSize }: InstallOptions): Tree {
  const classed = storageClass === undefined ? object : withValue(object, ["spec", "storageClassName"], storageClass);
  return storageSize === undefined
    ? classed
    : withValue(classed, ["spec", "resources", "requests", "storage"], storageSize);
}

/** Cluster-wide objects carry another namespace's name, so that two installations do not share them. */
function inNamespace(object: Tree, namespace: string): Tree {
  if (namespace === namespaceDefault) return object;
  const kind = textAt(object, "kind");
  if (kind === "Namespace") return withValue(object, ["metadata", "name"], namespace);
  if (!clusterKinds.has(kind)) return withValue(object, ["metadata", "namespace"], namespace);
  const name = `${textAt(object, "metadata", "name")}-${namespace}`;
  const renamed = withValue(object, ["metadata", "name"], name);
  const subjects = valueAt(object, "subjects");
  if (!isList(subjects)) return renamed;
  const own = subjects.map((subject) => withValue(subject as Tree, ["namespace"], namespace));
  return { ...withValue(renamed, ["roleRef", "name"], name), subjects: own };
}

export interface SecretWanted {
  readonly name: string;
  readonly namespace: string;
  readonly texts: Readonly<Record<string, string>>;
}

/** A Secret that a second installation does not overwrite: the API server refuses the change, and the rest is applied. */
export function secretOf({ name, namespace, texts }: SecretWanted): Tree {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, labels: { "app.kubernetes.io/part-of": "garrison" } },
    type: "Opaque",
    immutable: true,
    stringData: texts,
  };
}

// A whole Kubernetes node on this machine: control plane, containerd, kubelet and kube-proxy in namespaces of their own.
// Promises: gone within seconds after stop(), with cgroups, routes, and interfaces as before; no kernel setting of the machine is changed.
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { entryOfFile } from "../../../tools/oci/entries.ts";
import { writeOciLayout } from "../../../tools/oci/layout.ts";
import { at } from "./api-client.ts";
import type { ClusterOptions, TestNode } from "./cluster-types.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { hasHierarchies, makeGroups, removeGroups } from "./node-cgroups.ts";
import * as config from "./node-config.ts";
import { openNodeNamespace, type NodeNamespace } from "./node-namespace.ts";
import { findEtcd, findProgram, type ServerProgram } from "./programs.ts";
import { runHere, until } from "./processes.ts";

const debianPrograms = {
  "/usr/bin/containerd": "containerd",
  "/usr/bin/ctr": "containerd",
  "/usr/sbin/runc": "runc",
  "/usr/lib/cni/bridge": "containernetworking-plugins",
  "/usr/sbin/iptables": "iptables",
  "/usr/sbin/conntrack": "conntrack",
  "/bin/busybox": "busybox-static",
  "/sbin/ip": "iproute2",
  "/usr/bin/nsenter": "util-linux",
} as const;
const socketTimeoutMs = 30_000;

/** What this machine lacks for a node, or "". */
export async function nodeMissing(buildHint: string): Promise<string> {
  if (process.getuid?.() !== 0) return "root (for a Kubernetes node)";
  for (const [path, name] of Object.entries(debianPrograms)) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (!isThere) return `${path} (Debian: ${name})`;
  }
  for (const name of ["kube-scheduler", "kubelet", "kube-proxy"] as const)
    if ((await findProgram(name, process.env)) === undefined) return `${name} (${buildHint})`;
  return (await hasHierarchies()) ? "" : "cgroup v1 hierarchies (for the kubelet)";
}

export interface NodeCluster {
  readonly plane: ControlPlane;
  readonly node: TestNode;
  readonly stop: () => Promise<void>;
}

/** Starts everything and waits until the node is Ready and takes pods. Needs nodeMissing() === "". */
export async function startNodeCluster(options: ClusterOptions, folder: string): Promise<NodeCluster> {
  const namespace = await openNodeNamespace(folder);
  const group = `garrison-node-${namespace.addresses.slot}`;
  let plane: ControlPlane | undefined;

  async function stop(): Promise<void> {
    await namespace.close();
    await plane?.stop();
    await removeGroups(group);
  }
  try {
    // Left by a run that was killed; the slot is ours now.
    await removeGroups(group);
    await makeGroups(group);
    const files = { folder, addresses: namespace.addresses, cgroupRoot: `/${group}` };
    const runtime = startRuntime(files, namespace);
    const [started] = await Promise.allSettled([startPlane(options, folder, namespace), runtime]);
    if (started.status === "rejected") throw started.reason;
    plane = started.value;
    await runtime;
    await startNodePrograms(files, namespace, plane);
    await untilTakesPods(plane);
    return { plane, node: nodeOf(namespace), stop };
  } catch (thrown) {
    const logs = await Promise.all(["containerd", "kubelet"].map(async (name) => (await plane?.logTail(name)) ?? ""));
    await stop();
    throw new Error(`the node did not get ready; last lines of containerd and kubelet:\n${logs.join("\n")}`, {
      cause: thrown,
    });
  }
}

async function program(name: ServerProgram): Promise<string> {
  return (await findProgram(name, process.env)) ?? "";
}

async function startPlane(options: ClusterOptions, folder: string, namespace: NodeNamespace): Promise<ControlPlane> {
  const { addresses, place } = namespace;
  return startControlPlane({
    cluster: options,
    place,
    folder,
    ports: { api: 6443, etcd: 2379, etcdPeer: 2380 },
    address: addresses.node,
    bindAddress: "0.0.0.0",
    serviceRange: addresses.serviceRange,
    serviceAddress: addresses.serviceApi,
    programs: {
      etcd: (await findEtcd(process.env)) ?? "",
      apiServer: await program("kube-apiserver"),
      controllerManager: await program("kube-controller-manager"),
    },
    hasNode: true,
  });
}

/** containerd with the two images that every node here has. */
async function startRuntime(files: config.NodeFiles, { place }: NodeNamespace): Promise<void> {
  const { folder } = files;
  for (const name of ["cni", "kubelet-pki", "volume-plugins", "images"])
    await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, "containerd.toml"), config.containerdConfig(files));
  await writeFile(join(folder, "cni/10-test.conflist"), config.cniConfig(files));
  const args = ["--config", join(folder, "containerd.toml")];
  const daemon = await place.start({ name: "containerd", program: "/usr/bin/containerd", args });
  await writeImages(folder);
  await until("containerd answers", socketTimeoutMs, async () => {
    if (!daemon.isRunning()) throw new Error("containerd ended");
    return place.run("/usr/bin/ctr", ["version"]).then(
      () => true,
      () => undefined,
    );
  });
  for (const name of ["pause", "busybox"]) await importImage(place, join(folder, `images/${name}.tar`));
  // Else the kubelet's image collection may take the pause image, which nothing could bring back.
  const label = ["-n", "k8s.io", "images", "label", config.pauseImage, "io.cri-containerd.pinned=pinned"];
  await place.run("/usr/bin/ctr", label);
}

async function writeImages(folder: string): Promise<void> {
  const busybox = await entryOfFile("/bin/busybox", "bin/busybox");
  const applets = (await runHere("/bin/busybox", ["--list"]))
    .split("\n")
    .filter((name) => name !== "" && name !== "busybox");
  const links = applets.map((name) => ({ type: "link" as const, path: `bin/${name}`, target: "/bin/busybox" }));
  const folders = ["etc", "proc", "sys", "dev", "tmp"].map((path) => ({ type: "folder" as const, path }));
  const entries = [busybox, ...folders];
  const layers = (more: typeof links) => [{ comment: "test", entries: [...entries, ...more] }];
  await writeOciLayout(
    { name: config.pauseImage, layers: layers([]), entrypoint: ["/bin/busybox", "sleep", "2147483647"] },
    { output: join(folder, "images/pause.tar"), compression: "none" },
  );
  await writeOciLayout(
    { name: config.busyboxImage, layers: layers(links), entrypoint: ["/bin/sh"], environment: { PATH: "/bin" } },
    { output: join(folder, "images/busybox.tar"), compression: "none" },
  );
}

async function importImage(place: NodeNamespace["place"], tarPath: string): Promise<void> {
  await place.run("/usr/bin/ctr", ["-n", "k8s.io", "images", "import", tarPath]);
}

async function startNodePrograms(
  files: config.NodeFiles,
  namespace: NodeNamespace,
  plane: ControlPlane,
): Promise<void> {
  const { folder, addresses } = files;
  const { place } = namespace;
  const { authority } = plane;
  const serving = await authority.issue({ commonName: config.nodeName, names: [addresses.node, config.nodeName] });
  await writeFile(join(folder, "pki/node.crt"), serving.certificatePem);
  await writeFile(join(folder, "pki/node.key"), serving.keyPem, { mode: 0o600 });
  await writeFile(join(folder, "kubelet.yaml"), config.kubeletConfig(files));
  await writeFile(join(folder, "resolv.conf"), "");
  const kubeconfigOf = async (name: string, user: string, of?: string) =>
    plane.writeKubeconfig(
      name,
      await authority.issue({ commonName: user, ...(of === undefined ? {} : { group: of }) }),
    );
  const wanted = [
    {
      name: "kubelet",
      args: config.kubeletArguments(
        files,
        await kubeconfigOf("kubelet", `system:node:${config.nodeName}`, "system:nodes"),
      ),
    },
    {
      name: "kube-scheduler",
      args: config.schedulerArguments(await kubeconfigOf("scheduler", "system:kube-scheduler")),
    },
    { name: "kube-proxy", args: config.proxyArguments(files, await kubeconfigOf("proxy", "system:kube-proxy")) },
  ] as const;
  for (const { name, args } of wanted) await place.start({ name, program: await program(name), args });
}

/** Ready, without the taint of a new node, and with the account that pods get. */
async function untilTakesPods({ admin }: ControlPlane): Promise<void> {
  const isReady = (node: unknown) => {
    const conditions = at(node, "status", "conditions");
    const taints = at(node, "spec", "taints");
    if (Array.isArray(taints) && taints.length > 0) return false;
    return (
      Array.isArray(conditions) && conditions.some((one) => at(one, "type") === "Ready" && at(one, "status") === "True")
    );
  };
  await admin.until(`/api/v1/nodes/${config.nodeName}`, "the node is Ready", isReady);
  const account = "/api/v1/namespaces/default/serviceaccounts/default";
  await admin.until(account, "it has a token", (object) => Array.isArray(at(object, "secrets")));
}

function nodeOf({ place, addresses, initPid }: NodeNamespace): TestNode {
  return {
    name: config.nodeName,
    hostAddress: addresses.host,
    nodeAddress: addresses.node,
    initPid,
    busyboxImage: config.busyboxImage,
    importImage: (tarPath) => importImage(place, tarPath),
    run: place.run,
  };
}

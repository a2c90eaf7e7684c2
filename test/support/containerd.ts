// Debian's containerd with its own root, state and socket, an image written here, and pods without CNI (the host's network namespace):
// a real container runtime for tests, that leaves nothing behind.
import { execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { access, copyFile, mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { Client, credentials } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";

const run = promisify(execFile);
const pauseImage = "garrison.test/pause:1";
const readyMsMax = 120_000;

export interface PodToRun {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly container: string;
}

export interface RunningPod {
  readonly sandboxId: string;
  readonly containerId: string;
  /** Of the container's first process, on the host. */
  readonly pid: number;
}

export interface Containerd {
  /** A root below which the socket is found at its usual place. */
  readonly root: string;
  /** The name of the test's image, and the digest of its manifest. */
  readonly image: string;
  readonly imageDigest: string;
  /** Runs a pod with one sleeping container below a cgroup of the test's own, laid out as the kubelet does. */
  runPod(pod: PodToRun): Promise<RunningPod>;
  /** Removes all pods, stops containerd, deletes its folder and cgroups. */
  stop(): Promise<void>;
}

const programs = [
  "/usr/bin/containerd",
  "/usr/bin/ctr",
  "/usr/bin/containerd-shim-runc-v2",
  "/usr/sbin/runc",
  "/bin/busybox",
  "/usr/bin/tar",
];

/** What is missing on this machine, or "" when containers can be run. */
export async function containerdMissing(): Promise<string> {
  if (process.getuid?.() !== 0) return "root (for containerd)";
  for (const program of programs) {
    try {
      await access(program);
    } catch {
      return `${program} (Debian: containerd, runc, busybox-static)`;
    }
  }
  return "";
}

export async function startContainerd(): Promise<Containerd> {
  const folder = await mkdtemp(join(tmpdir(), "garrison-containerd-"));
  const socket = join(folder, "run/containerd/containerd.sock");
  await mkdir(join(folder, "run/containerd"), { recursive: true });
  await writeFile(join(folder, "config.toml"), configuration(folder, socket));
  const daemon = spawn("/usr/bin/containerd", ["-c", join(folder, "config.toml")], { stdio: "ignore" });
  const group = `garrison-cri-${randomBytes(4).toString("hex")}`;
  const client = new Client(`unix:${socket}`, credentials.createInsecure(), {
    "grpc.default_authority": "localhost",
    "grpc.use_local_subchannel_pool": 1,
  });
  const sandboxes: string[] = [];

  async function stop(): Promise<void> {
    for (const podSandboxId of sandboxes) {
      await call(client, "StopPodSandbox", { podSandboxId });
      await call(client, "RemovePodSandbox", { podSandboxId });
    }
    client.close();
    daemon.kill("SIGTERM");
    if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, "exit");
    await removeGroups(group);
    await rm(folder, { recursive: true, force: true });
  }

  try {
    await untilReady(client);
    const imageDigest = await importImage(folder, socket);
    return {
      root: folder,
      image: pauseImage,
      imageDigest,
      stop,
      async runPod(pod) {
        const { config, containerConfig } = podConfigs(pod, group, folder);
        const { podSandboxId } = (await call(client, "RunPodSandbox", { config })) as { podSandboxId: string };
        sandboxes.push(podSandboxId);
        const request = { podSandboxId, config: containerConfig, sandboxConfig: config };
        const { containerId } = (await call(client, "CreateContainer", request)) as { containerId: string };
        await call(client, "StartContainer", { containerId });
        const tasks = await run("/usr/bin/ctr", ["-a", socket, "-n", "k8s.io", "tasks", "ls"]);
        const pid = Number(new RegExp(`^${containerId}\\s+(\\d+)`, "m").exec(tasks.stdout)?.[1]);
        return { sandboxId: podSandboxId, containerId, pid };
      },
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

/** restrict_oom_score_adj: this machine's root lacks CAP_SYS_RESOURCE. native: no mounts of the host are needed. */
function configuration(folder: string, socket: string): string {
  return `version = 2
root = "${folder}/root"
state = "${folder}/state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
`;
}

async function untilReady(client: Client): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += 100) {
    try {
      await call(client, "Version", {});
      return;
    } catch (thrown) {
      if (waitedMs > readyMsMax) throw thrown;
      await wait(100);
    }
  }
}

/** An OCI layout (image-spec) with one layer, packed by tar and imported by ctr. Returns the manifest's digest. */
async function importImage(folder: string, socket: string): Promise<string> {
  const layout = join(folder, "layout");
  const rootfs = join(folder, "rootfs");
  await mkdir(join(layout, "blobs/sha256"), { recursive: true });
  for (const directory of ["bin", "dev", "etc", "proc", "sys", "tmp"])
    await mkdir(join(rootfs, directory), { recursive: true });
  await copyFile("/bin/busybox", join(rootfs, "bin/busybox"));
  await run("/usr/bin/tar", ["-C", rootfs, "-cf", join(folder, "layer.tar"), "."]);

  async function blob(mediaType: string, bytes: Buffer) {
    const digest = createHash("sha256").update(bytes).digest("hex");
    await writeFile(join(layout, "blobs/sha256", digest), bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  }
  const layer = await blob("application/vnd.oci.image.layer.v1.tar", await readFile(join(folder, "layer.tar")));
  const sleep = ["/bin/busybox", "sleep", "3600"];
  const config = {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: { Entrypoint: sleep },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  };
  const configBlob = await blob("application/vnd.oci.image.config.v1+json", Buffer.from(JSON.stringify(config)));
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = await blob(
    mediaType,
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: configBlob, layers: [layer] })),
  );
  const annotations = { "io.containerd.image.name": pauseImage };
  await writeFile(
    join(layout, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  await writeFile(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await run("/usr/bin/tar", ["-C", layout, "-cf", join(folder, "image.tar"), "."]);
  const digested = `garrison.test/pause@${manifest.digest}`;
  await run("/usr/bin/ctr", [
    "-a",
    socket,
    "-n",
    "k8s.io",
    "images",
    "import",
    "--snapshotter",
    "native",
    join(folder, "image.tar"),
  ]);
  await run("/usr/bin/ctr", ["-a", socket, "-n", "k8s.io", "images", "tag", pauseImage, digested]);
  return manifest.digest;
}

/** NamespaceMode NODE is 2. The kubelet's labels are what runtimes have from it. */
function podConfigs(pod: PodToRun, group: string, folder: string) {
  const namespaceOptions = { network: 2, pid: 1, ipc: 0 };
  const kubelet = {
    "io.kubernetes.pod.name": pod.name,
    "io.kubernetes.pod.namespace": pod.namespace,
    "io.kubernetes.pod.uid": pod.uid,
  };
  return {
    config: {
      metadata: { name: pod.name, uid: pod.uid, namespace: pod.namespace },
      logDirectory: join(folder, "logs"),
      labels: { ...kubelet, ...pod.labels },
      linux: { cgroupParent: `/${group}/kubepods/besteffort/pod${pod.uid}`, securityContext: { namespaceOptions } },
    },
    containerConfig: {
      metadata: { name: pod.container },
      image: { image: pauseImage },
      command: ["/bin/busybox", "sleep", "3600"],
      labels: { ...kubelet, "io.kubernetes.container.name": pod.container },
      logPath: "0.log",
      linux: { securityContext: { namespaceOptions } },
    },
  };
}

/** Empty groups of ours in every hierarchy, deepest first. */
async function removeGroups(group: string): Promise<void> {
  for (const hierarchy of await readdir("/sys/fs/cgroup")) await removeGroup(join("/sys/fs/cgroup", hierarchy, group));
}

async function removeGroup(path: string): Promise<void> {
  let entries;
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return;
    throw thrown;
  }
  for (const entry of entries) if (entry.isDirectory()) await removeGroup(join(path, entry.name));
  await rmdir(path);
}

type Field = readonly [name: string, number: number, type: string, rule?: "repeated" | "map"];

function message(...fields: readonly Field[]) {
  const entry = ([name, id, type, rule]: Field) => [
    name,
    { id, type, ...(rule === "map" ? { keyType: "string" } : rule === undefined ? {} : { rule }) },
  ];
  return { fields: Object.fromEntries(fields.map(entry)) };
}

const changing = [
  "Version",
  "RunPodSandbox",
  "StopPodSandbox",
  "RemovePodSandbox",
  "CreateContainer",
  "StartContainer",
];
/** The changing half of CRI v1, which the product never has: k8s.io/cri-api runtime/v1/api.proto, fields that a test needs. */
const nested = {
  RuntimeService: {
    methods: Object.fromEntries(
      changing.map((name) => [name, { requestType: `${name}Request`, responseType: `${name}Response` }]),
    ),
  },
  VersionRequest: message(),
  VersionResponse: message(["runtimeName", 2, "string"]),
  NamespaceOption: message(["network", 1, "int32"], ["pid", 2, "int32"], ["ipc", 3, "int32"]),
  LinuxSandboxSecurityContext: message(["namespaceOptions", 1, "NamespaceOption"]),
  LinuxPodSandboxConfig: message(["cgroupParent", 1, "string"], ["securityContext", 2, "LinuxSandboxSecurityContext"]),
  PodSandboxMetadata: message(["name", 1, "string"], ["uid", 2, "string"], ["namespace", 3, "string"]),
  PodSandboxConfig: message(
    ["metadata", 1, "PodSandboxMetadata"],
    ["logDirectory", 3, "string"],
    ["labels", 6, "string", "map"],
    ["linux", 8, "LinuxPodSandboxConfig"],
  ),
  RunPodSandboxRequest: message(["config", 1, "PodSandboxConfig"]),
  RunPodSandboxResponse: message(["podSandboxId", 1, "string"]),
  StopPodSandboxRequest: message(["podSandboxId", 1, "string"]),
  StopPodSandboxResponse: message(),
  RemovePodSandboxRequest: message(["podSandboxId", 1, "string"]),
  RemovePodSandboxResponse: message(),
  ContainerMetadata: message(["name", 1, "string"]),
  ImageSpec: message(["image", 1, "string"]),
  LinuxContainerSecurityContext: message(["namespaceOptions", 3, "NamespaceOption"]),
  LinuxContainerConfig: message(["securityContext", 2, "LinuxContainerSecurityContext"]),
  ContainerConfig: message(
    ["metadata", 1, "ContainerMetadata"],
    ["image", 2, "ImageSpec"],
    ["command", 3, "string", "repeated"],
    ["labels", 9, "string", "map"],
    ["logPath", 11, "string"],
    ["linux", 15, "LinuxContainerConfig"],
  ),
  CreateContainerRequest: message(
    ["podSandboxId", 1, "string"],
    ["config", 2, "ContainerConfig"],
    ["sandboxConfig", 3, "PodSandboxConfig"],
  ),
  CreateContainerResponse: message(["containerId", 1, "string"]),
  StartContainerRequest: message(["containerId", 1, "string"]),
  StartContainerResponse: message(),
};
const definitions = fromJSON(
  { nested: { runtime: { nested: { v1: { nested } } } } } as Parameters<typeof fromJSON>[0],
  { keepCase: true, defaults: true },
);
const service = definitions["runtime.v1.RuntimeService"] as unknown as Record<
  string,
  { path: string; requestSerialize: (value: object) => Buffer; responseDeserialize: (bytes: Buffer) => object }
>;

function call(client: Client, method: string, request: object): Promise<object> {
  const definition = service[method];
  if (definition === undefined) throw new TypeError(`no such method: ${method}`);
  const deadline = Date.now() + 30_000;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      request,
      { deadline },
      (error, value) => {
        if (error !== null || value === undefined) reject(error ?? new Error(`no answer to ${method}`));
        else resolve(value);
      },
    );
  });
}

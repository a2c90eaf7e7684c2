// A real Kubernetes for tests: one that was given by a variable, else the programs of tools/build-kubernetes.ts started here.
// Promises: one line says which it is, a developer's default context is never used, and stop() ends and removes everything that was made.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { at, createApiClient, readAccess, type Access, type ApiClient } from "./api-client.ts";
import type { ClusterOptions, ClusterWants, TestCluster, TestNode } from "./cluster-types.ts";
import { startControlPlane, type ControlPlane, type Ports } from "./control-plane.ts";
import { nodeMissing, startNodeCluster } from "./node-cluster.ts";
import { findEtcd, findProgram } from "./programs.ts";
import { hostPlace } from "./processes.ts";
import { makeUser } from "./users.ts";

export type { ClusterOptions, ClusterWants, TestCluster, TestNode };

/** Another program may take a free port before ours binds it. */
const startTriesMax = 3;
const folderPrefix = "garrison-kubernetes-";
/** In each folder: the process that made it. */
const ownerFile = "owner";
const buildHint = "build once with `node tools/build-kubernetes.ts`";

/** What is missing on this machine for such a cluster, or "". For skipUnless of test/support/skip.ts. */
export async function clusterMissing(wants: ClusterWants): Promise<string> {
  if (givenKubeconfig() !== undefined) return "";
  if ((await findEtcd(process.env)) === undefined) return "etcd (Debian: etcd-server)";
  if ((await findProgram("kube-apiserver", process.env)) === undefined) return `kube-apiserver (${buildHint})`;
  if ((await findProgram("kube-controller-manager", process.env)) === undefined)
    return `kube-controller-manager (${buildHint})`;
  return wants === "node" ? nodeMissing(buildHint) : "";
}

/** GARRISON_TEST_KUBECONFIG, or KUBECONFIG where USE_EXISTING_CLUSTER=true says that it is meant. */
function givenKubeconfig(): string | undefined {
  const own = process.env["GARRISON_TEST_KUBECONFIG"] ?? "";
  if (own !== "") return own;
  const usual = process.env["KUBECONFIG"] ?? "";
  return process.env["USE_EXISTING_CLUSTER"] === "true" && usual !== "" ? usual : undefined;
}

/** Starts or takes a cluster and waits until it is ready ("node": until the node is, too). Throws with what is missing or failed. */
export async function startTestCluster(options: ClusterOptions): Promise<TestCluster> {
  const given = givenKubeconfig();
  await removeLeftFolders();
  const folder = await mkdtemp(join(tmpdir(), folderPrefix));
  try {
    await writeFile(join(folder, ownerFile), String(process.pid));
    const cluster = given === undefined ? await startOwn(options, folder) : await takeExisting(given, folder);
    process.stderr.write(`test cluster: ${cluster.description}\n`);
    return cluster;
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true });
    throw thrown;
  }
}

/** Of tests that were killed: their programs went with them, their files could not. */
async function removeLeftFolders(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(folderPrefix)) continue;
    const folder = join(tmpdir(), name);
    const owner = await readFile(join(folder, ownerFile), "utf8").catch((thrown: NodeJS.ErrnoException) => {
      // Just made, just removed, or another user's.
      if (!["ENOENT", "EACCES"].includes(thrown.code ?? "")) throw thrown;
      return "";
    });
    if (owner !== "" && !isAlive(Number(owner))) await rm(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

async function startOwn(options: ClusterOptions, folder: string): Promise<TestCluster> {
  const missing = await clusterMissing(options.wants);
  if (missing !== "") throw new Error(`no test cluster: missing ${missing}`);
  if (options.wants === "node") {
    const { plane, node, stop } = await startNodeCluster(options, folder);
    return ownCluster({ plane, node, folder, stop, kind: "a node in namespaces of its own" });
  }
  for (let tries = 1; ; tries++) {
    try {
      const plane = await startLoopback(options, folder);
      return await ownCluster({
        plane,
        node: undefined,
        folder,
        stop: plane.stop,
        kind: "etcd and API server on loopback",
      });
    } catch (thrown) {
      const isPortTaken = thrown instanceof Error && /address already in use/.test(thrown.message);
      if (!isPortTaken || tries === startTriesMax) throw thrown;
    }
  }
}

async function startLoopback(options: ClusterOptions, folder: string): Promise<ControlPlane> {
  const controllers = (options.controllers ?? "none") === "all";
  const planeFolder = await mkdtemp(join(folder, "plane-"));
  return startControlPlane({
    cluster: options,
    place: hostPlace(planeFolder),
    folder: planeFolder,
    ports: await freePorts(),
    address: "127.0.0.1",
    bindAddress: "127.0.0.1",
    serviceRange: "10.96.0.0/16",
    serviceAddress: "10.96.0.1",
    programs: {
      etcd: (await findEtcd(process.env)) ?? "",
      apiServer: (await findProgram("kube-apiserver", process.env)) ?? "",
      controllerManager: controllers ? await findProgram("kube-controller-manager", process.env) : undefined,
    },
    hasNode: false,
  });
}

async function freePorts(): Promise<Ports> {
  const servers = [createServer(), createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve, reject) => server.on("error", reject).listen(0, "127.0.0.1", resolve));
    ports.push((server.address() as AddressInfo).port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const [api = 0, etcd = 0, etcdPeer = 0] = ports;
  return { api, etcd, etcdPeer };
}

interface OwnCluster {
  readonly plane: ControlPlane;
  readonly node: TestNode | undefined;
  readonly folder: string;
  readonly kind: string;
  readonly stop: () => Promise<void>;
}

async function ownCluster({ plane, node, folder, kind, stop }: OwnCluster): Promise<TestCluster> {
  const { access, admin } = plane;
  const version = await versionOf(admin);
  return {
    ...common(access, admin, folder),
    description: `Kubernetes ${version}, ${kind}, ${access.server}`,
    isOwn: true,
    kubeconfigPath: plane.kubeconfigPath,
    version,
    auditLogPath: plane.auditLogPath,
    node,
    stopApi: plane.stopApi,
    killApi: plane.killApi,
    startApi: plane.startApi,
    async restartApi() {
      await plane.stopApi();
      await plane.startApi();
    },
    pauseApi: plane.pauseApi,
    resumeApi: plane.resumeApi,
    compact: plane.compact,
    async expireResourceVersions() {
      await touchSomething(admin);
      await plane.compact();
      await plane.killApi();
      await plane.startApi();
    },
    logTail: plane.logTail,
    async stop() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function common(access: Access, admin: ApiClient, folder: string) {
  return {
    address: access.server,
    caPem: access.caPem,
    admin,
    userKubeconfig: (wanted: Parameters<TestCluster["userKubeconfig"]>[0]) =>
      makeUser(wanted, { admin, access, folder }),
  };
}

/** A newer revision than any that a client can have seen. */
async function touchSomething(admin: ApiClient): Promise<void> {
  const path = "/api/v1/namespaces/default";
  await admin.patch(path, { metadata: { annotations: { "garrison.test/touched": `${process.hrtime.bigint()}` } } });
}

async function takeExisting(kubeconfigPath: string, folder: string): Promise<TestCluster> {
  const access = await readAccess(kubeconfigPath);
  const admin = createApiClient(access);
  const version = await versionOf(admin);
  const refuse = (): never => {
    throw new Error("a given cluster's API server is not ours to stop: check `isOwn` first");
  };
  const refuseLater = async () => refuse();
  return {
    ...common(access, admin, folder),
    description: `Kubernetes ${version}, given by ${kubeconfigPath}, ${access.server}`,
    isOwn: false,
    kubeconfigPath,
    version,
    auditLogPath: undefined,
    node: undefined,
    stopApi: refuseLater,
    killApi: refuseLater,
    startApi: refuseLater,
    restartApi: refuseLater,
    pauseApi: refuseLater,
    resumeApi: refuse,
    compact: refuseLater,
    expireResourceVersions: refuseLater,
    logTail: async () => "",
    async stop() {
      admin.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function versionOf(admin: ApiClient): Promise<string> {
  const { body } = await admin.request("GET", "/version");
  const version = at(body, "gitVersion");
  return typeof version === "string" ? version : "of unknown version";
}

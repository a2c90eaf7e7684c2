// Where the programs of a real Kubernetes are found for tests: the variables that envtest made customary, else our own cache.
// Promises: never a developer's cluster or a program that happens to be in PATH, except etcd, which Debian installs there.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** What tools/build-kubernetes.ts builds. */
export const builtVersion = "1.20.2";

export const serverPrograms = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
] as const;
export type ServerProgram = (typeof serverPrograms)[number];

type Environment = Readonly<Record<string, string | undefined>>;

/** The folder that holds one folder of programs for each version. */
export function cacheFolder(environment: Environment): string {
  const given = environment["GARRISON_KUBERNETES_CACHE"] ?? "";
  return given === "" ? join(homedir(), ".cache", "garrison", "kubernetes") : given;
}

/** Path of a program of Kubernetes, or undefined: its own variable, then KUBEBUILDER_ASSETS, then the cache. */
export async function findProgram(name: ServerProgram, environment: Environment): Promise<string | undefined> {
  return firstExecutable([
    environment[`TEST_ASSET_${name.toUpperCase().replaceAll("-", "_")}`],
    inAssets(name, environment),
    join(cacheFolder(environment), builtVersion, name),
  ]);
}

/** Path of etcd, or undefined: its own variable, then KUBEBUILDER_ASSETS, then Debian's. */
export async function findEtcd(environment: Environment): Promise<string | undefined> {
  return firstExecutable([environment["TEST_ASSET_ETCD"], inAssets("etcd", environment), "/usr/bin/etcd"]);
}

function inAssets(name: string, environment: Environment): string | undefined {
  const folder = environment["KUBEBUILDER_ASSETS"] ?? "";
  return folder === "" ? undefined : join(folder, name);
}

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "EACCES" || code === "ENOTDIR") return false;
    throw thrown;
  }
}

async function firstExecutable(candidates: readonly (string | undefined)[]): Promise<string | undefined> {
  for (const path of candidates) if (path !== undefined && path !== "" && (await isExecutable(path))) return path;
  return undefined;
}

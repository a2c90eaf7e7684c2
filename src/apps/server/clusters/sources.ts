// Which clusters this server was given: a kubeconfig by the operator, the cluster it runs in, and a folder of kubeconfigs that may change
// at any time. A developer's own default kubeconfig is never looked at.
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { toFault } from "../../../base/fault.ts";
import { inClusterSource, type KubeSource, loadAccess } from "../../../edge/kube/access.ts";
import type { ServerConfig } from "../config.ts";
import { ClusterName } from "../contract/common.ts";
import { clusterLimits } from "./limits.ts";

/** A cluster that was given, or one that is not read, and why. */
export interface ClusterSource {
  readonly cluster: string;
  /** For people: "kubeconfig /etc/prod.yaml", "in-cluster". */
  readonly text: string;
  readonly source: KubeSource | undefined;
  /** Empty: it is read. */
  readonly refused: string;
}

/** The ones that do not change while the server runs. Throws Fault "kube/kubeconfig" for a kubeconfig that cannot be used. */
export async function fixedSources(
  config: ServerConfig,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly ClusterSource[]> {
  const { context, cluster, inCluster } = config.kubernetes;
  const sources: ClusterSource[] = [];
  if (config.kubeconfig !== "") {
    const file = path.resolve(config.kubeconfig);
    const source: KubeSource = { kind: "file", file, context, plugins: "allowed" };
    const used = await loadAccess(source);
    sources.push({
      cluster: cluster === "" ? clusterNameOf(used.context) : cluster,
      text: `kubeconfig ${file}`,
      source,
      refused: "",
    });
  }
  if (inCluster) {
    const source = inClusterSource(environment);
    const refused =
      source === undefined ? "this server does not run in a cluster (KUBERNETES_SERVICE_HOST is not set)" : "";
    // The agents of the cluster join under the server's own cluster name.
    const name = cluster === "" || config.kubeconfig !== "" ? config.cluster : cluster;
    sources.push({ cluster: name, text: "in-cluster", source, refused });
  }
  return sources;
}

/** A context's name as a cluster's: "admin@prod:6443" -> "admin-prod-6443". */
export function clusterNameOf(context: string): string {
  const name = context
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .replaceAll(/\.{2,}/g, ".")
    .slice(0, 253)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
  return name === "" ? "kubernetes" : name;
}

const fileName = /^(.+)\.(kubeconfig|ya?ml)$/;

/** Every kubeconfig of the folder, by name; none when there is no folder. Each is checked by itself. */
export async function folderSources(folder: string, dataFolder: string): Promise<readonly ClusterSource[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw thrown;
  }
  const trusted = await trustedOwners(dataFolder);
  const isOpen = ((await stat(folder)).mode & 0o002) !== 0;
  const files = names.filter((name) => fileName.test(name) && !name.startsWith(".")).sort();
  const sources: ClusterSource[] = [];
  for (const name of files.slice(0, clusterLimits.clustersMax)) {
    const file = path.join(folder, name);
    const cluster = fileName.exec(name)?.[1] ?? name;
    const text = `kubeconfig ${file}`;
    const refused = isOpen ? "everybody may write to its folder" : await whyRefused(file, cluster, trusted);
    if (refused === gone) continue;
    const source: KubeSource = { kind: "file", file, context: "", plugins: "refused" };
    sources.push({ cluster: clusterNameOf(cluster), text, source: refused === "" ? source : undefined, refused });
  }
  return sources;
}

const gone = "gone";

async function trustedOwners(dataFolder: string): Promise<ReadonlySet<number>> {
  const { uid } = await stat(dataFolder);
  return new Set([0, uid, process.getuid?.() ?? uid]);
}

async function whyRefused(file: string, cluster: string, trusted: ReadonlySet<number>): Promise<string> {
  if (!ClusterName.safeParse(cluster).success) return "its file's name cannot be a cluster's name";
  try {
    const found = await stat(file);
    if (!found.isFile()) return "it is no file";
    if (!trusted.has(found.uid)) return "it belongs to another user than the data folder";
    return (found.mode & 0o002) === 0 ? "" : "everybody may write to it";
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    return code === "ENOENT" ? gone : `it cannot be read: ${toFault(thrown).message}`;
  }
}

/** Of several with one name the first is read, the others are refused. */
export function withoutDoubles(sources: readonly ClusterSource[]): readonly ClusterSource[] {
  const taken = new Map<string, string>();
  return sources.slice(0, clusterLimits.clustersMax).map((source) => {
    const other = taken.get(source.cluster);
    if (other === undefined) {
      taken.set(source.cluster, source.text);
      return source;
    }
    return { ...source, source: undefined, refused: `${other} has the name "${source.cluster}" already` };
  });
}

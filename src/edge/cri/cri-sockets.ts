// Where container runtimes listen: the known socket paths, below a root that is configurable (in a pod the node's file system is mounted
// somewhere). Says why a path was not taken.
import { stat } from "node:fs/promises";
import { join } from "node:path";

/** In the order of trying; from the runtimes' and distributions' own documentation. */
export const knownSockets = [
  "/run/containerd/containerd.sock",
  "/run/k3s/containerd/containerd.sock",
  "/run/k0s/containerd.sock",
  "/var/snap/microk8s/common/run/containerd.sock",
  "/run/dockershim.sock",
  "/run/crio/crio.sock",
  "/var/run/crio/crio.sock",
  "/run/cri-dockerd.sock",
  "/var/run/cri-dockerd.sock",
  "/var/run/dockershim.sock",
] as const;

export interface SocketsFound {
  /** Paths that are sockets, in the order of trying; symbolic links such as /var/run are followed, the same socket is named once. */
  readonly sockets: readonly string[];
  /** Why there is none; "" when there is one. */
  readonly reason: string;
}

/** Looks for sockets. `root` "" or "/" is this machine; `given` replaces the known list. */
export async function findSockets(root: string, given: readonly string[] = knownSockets): Promise<SocketsFound> {
  const sockets: string[] = [];
  const seen = new Set<string>();
  let refusal = "";
  for (const known of given) {
    const path = join(root === "" ? "/" : root, known);
    try {
      const found = await stat(path);
      const identity = `${found.dev}:${found.ino}`;
      if (found.isSocket() && !seen.has(identity)) sockets.push(path);
      if (!found.isSocket()) refusal ||= `${known} is no socket`;
      seen.add(identity);
    } catch (thrown) {
      const code = (thrown as NodeJS.ErrnoException).code ?? "unknown error";
      if (code !== "ENOENT" && code !== "ENOTDIR") refusal ||= `${known}: ${code}`;
    }
  }
  return {
    sockets,
    reason:
      sockets.length > 0 ? "" : refusal === "" ? "runtime socket not found" : `runtime socket not usable: ${refusal}`,
  };
}

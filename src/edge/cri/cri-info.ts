// From what the runtime says about a container and its sandbox to the container info of the directory. The kubelet's labels
// (io.kubernetes.*) are taken first, the runtime's own metadata where they are missing.
import type { ContainerInfo } from "../../core/process/container-directory.ts";
import { guessWorkload } from "../../core/process/workload-guess.ts";
import type { CriClient } from "./cri-client.ts";
import type { Sandbox } from "./cri-messages.ts";

export interface ContainerParts {
  readonly id: string;
  readonly container?: {
    readonly metadata?: { readonly name: string } | null | undefined;
    readonly image?: { readonly image: string } | null | undefined;
    readonly imageRef: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly startedAt?: number;
    readonly mounts?: readonly {
      readonly containerPath: string;
      readonly hostPath: string;
      readonly readonly: boolean;
      readonly propagation: number;
    }[];
  };
  readonly sandbox?: Sandbox | undefined;
  /** "name@sha256:..." of the image, when they were asked for. */
  readonly digests?: readonly string[];
}

const shortIdLength = 12;
/** MountPropagation of the CRI, by number. */
const propagations = ["private", "rslave", "rshared"] as const;

/** Joins the parts; without `container` the id is the sandbox itself. */
export function containerInfoOf({ id, container, sandbox, digests }: ContainerParts): ContainerInfo {
  const own = container?.labels ?? {};
  const podName = own["io.kubernetes.pod.name"] ?? sandbox?.metadata?.name ?? "";
  const labels = sandbox?.labels ?? own;
  const isSandbox = container === undefined;
  const name = isSandbox
    ? "(sandbox)"
    : own["io.kubernetes.container.name"] || container.metadata?.name || id.slice(0, shortIdLength);
  return {
    containerId: id,
    name,
    podName,
    podUid: own["io.kubernetes.pod.uid"] ?? sandbox?.metadata?.uid ?? "",
    namespace: own["io.kubernetes.pod.namespace"] ?? sandbox?.metadata?.namespace ?? "",
    ...(podName === "" ? { workload: name, workloadKind: "Container" as const } : guessWorkload(podName, labels)),
    image: container?.image?.image ?? "",
    imageDigest: digestOf([container?.imageRef ?? "", ...(digests ?? [])]),
    labels,
    ...(container?.mounts === undefined
      ? {}
      : {
          mounts: container.mounts.map(({ containerPath, hostPath, readonly, propagation }) => ({
            source: hostPath,
            destination: containerPath,
            isWritable: !readonly,
            propagation: propagations[propagation] ?? "",
          })),
        }),
    ...((container?.startedAt ?? 0) > 0 ? { startedMs: Math.floor((container?.startedAt ?? 0) / 1e6) } : {}),
    isSandbox,
  };
}

/** Of "registry/name@sha256:...": the digest. A bare "sha256:..." is the id of the image's configuration, not the image's digest. */
function digestOf(references: readonly string[]): string {
  for (const reference of references) {
    const at = reference.lastIndexOf("@");
    if (at >= 0) return reference.slice(at + 1);
  }
  return "";
}

/** Asks for a container, or for a sandbox of that id; undefined when the runtime knows neither. */
export async function askForContainer(client: CriClient, id: string): Promise<ContainerInfo | undefined> {
  const [listed, container] = await Promise.all([client.listContainers(id), client.containerStatus(id)]);
  if (container === undefined || container === null || container.id !== id) {
    const sandbox = await client.sandboxStatus(id);
    return sandbox === undefined || sandbox.id !== id ? undefined : containerInfoOf({ id, sandbox });
  }
  const sandboxId = listed.find((entry) => entry.id === id)?.podSandboxId ?? "";
  const sandbox = sandboxId === "" ? undefined : await client.sandboxStatus(sandboxId);
  const isDigestKnown = container.imageRef.includes("@") || container.imageRef === "";
  const digests = isDigestKnown ? [] : await client.imageDigests(container.imageRef);
  return containerInfoOf({ id, container, sandbox, digests });
}

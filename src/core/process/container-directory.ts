// The port between attribution and the node's container runtime: id to pod, container and image. edge/cri implements it over CRI;
// other sources (the server's inventory) can stand behind the same two methods.
import type { WorkloadKind } from "../../model/identity.ts";

export interface ContainerInfo {
  readonly containerId: string;
  /** The container's name in its pod, or the runtime's name for it outside Kubernetes. */
  readonly name: string;
  /** "" outside Kubernetes, like every pod column. */
  readonly podName: string;
  readonly podUid: string;
  readonly namespace: string;
  /** Best guess from the pod's name and labels; the server knows owners for certain. */
  readonly workload: string;
  readonly workloadKind: WorkloadKind;
  /** As the pod's spec wrote it. */
  readonly image: string;
  /** "sha256:..." or "" when the runtime does not say. */
  readonly imageDigest: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What is mounted into it, as the runtime says; absent when it does not. */
  readonly mounts?: readonly {
    readonly source: string;
    readonly destination: string;
    readonly isWritable: boolean;
    /** "private", "rslave", "rshared". */
    readonly propagation: string;
  }[];
  /** Milliseconds since the epoch; absent when the runtime does not say. */
  readonly startedMs?: number;
  /** A sandbox ("pause") container. */
  readonly isSandbox: boolean;
}

/** known, known to be absent (with the reason), or not asked yet: then ask and amend. */
export type ContainerLookup =
  | { readonly state: "known"; readonly container: ContainerInfo }
  | { readonly state: "absent"; readonly reason: string }
  | { readonly state: "not-asked" };

export interface ContainerDirectory {
  /** What the cache holds, at once. */
  lookup(containerId: string): ContainerLookup;
  /** Asks the runtime; never rejects: "absent" carries the reason. Equal questions in flight are asked once. */
  resolve(containerId: string): Promise<ContainerLookup>;
}

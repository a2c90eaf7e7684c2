// The node's container runtime, found and connected only when the first container is seen: a machine without one does not pay for its client.
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { ContainerDirectory } from "../../core/process/container-directory.ts";
import type { CriDirectory } from "../../edge/cri/cri-directory.ts";
import { findSockets } from "../../edge/cri/cri-sockets.ts";

export interface LazyContainers extends ContainerDirectory {
  close(): void;
}

/** `root` is where the node's file system is seen; "" for this machine. */
export function createLazyContainers(options: { clock: Clock; logger: Logger; root?: string }): LazyContainers {
  let directory: CriDirectory | undefined;
  let connecting: Promise<string> | undefined;

  /** Resolves to why there is no runtime, or "". */
  async function connect(): Promise<string> {
    const { sockets, reason } = await findSockets(options.root ?? "");
    if (sockets.length === 0) return reason;
    const { createCriDirectory } = await import("../../edge/cri/cri-directory.ts");
    directory ??= createCriDirectory(options);
    await directory.prime();
    return "";
  }

  return {
    lookup: (containerId) => directory?.lookup(containerId) ?? { state: "not-asked" },
    async resolve(containerId) {
      if (directory === undefined) {
        connecting ??= connect().finally(() => {
          connecting = undefined;
        });
        const reason = await connecting;
        if (directory === undefined) return { state: "absent", reason };
      }
      return directory.resolve(containerId);
    },
    close: () => directory?.close(),
  };
}

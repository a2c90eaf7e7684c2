// The node's container runtime, found and connected only when the first container is seen: a machine without one does not pay for its client.
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { ContainerDirectory } from "../../core/process/container-directory.ts";
import type { CriDirectory } from "../../edge/cri/cri-directory.ts";
import { findSockets } from "../../edge/cri/cri-sockets.ts";

export interface LazyContainers extends ContainerDirectory {
  close(): void;
}

export interface LazyContainersOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The runtime's socket; "" or absent: the known places. In a pod the node's socket is mounted somewhere. */
  readonly socket?: string;
}

export function createLazyContainers({ clock, logger, socket = "" }: LazyContainersOptions): LazyContainers {
  const options = { clock, logger, ...(socket === "" ? {} : { sockets: [socket] }) };
  let directory: CriDirectory | undefined;
  let connecting: Promise<string> | undefined;

  /** Resolves to why there is no runtime, or "". */
  async function connect(): Promise<string> {
    const { sockets, reason } = await findSockets("", options.sockets);
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

// The dataplane of Linux: one table of nf_tables in one network namespace, written by our own netlink messages. Implements core/policy/compile/dataplane.ts.
import { randomBytes } from "node:crypto";
import { release } from "node:os";
import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Counter, Dataplane, ForeignChange } from "../../../core/policy/compile/dataplane.ts";
import { counterOf } from "./canonical.ts";
import { openConntrack } from "./conntrack.ts";
import { decodeElements } from "./elements.ts";
import { isTableThere, readElements, readRules } from "./kernel-table.ts";
import { openMonitor } from "./monitor.ts";
import { families, openNetlink, type NetlinkSocket } from "./netlink/socket.ts";
import { ownerOf, stateChain } from "./objects.ts";
import { readPackets } from "./packets.ts";
import { readBack } from "./read-back.ts";
import { createTableWriter } from "./table-writer.ts";

/** How often the kernel's announcements are looked at while anybody watches. */
const lookEveryMs = 200;

export interface NftablesOptions {
  /** A file that names a network namespace (/run/netns/NAME); absent: the one we are in. */
  readonly netns?: string;
  /** Name of the table of family inet that is ours, and ours alone. */
  readonly table: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What `uname -r` says; absent: asked. Older kernels need another way to refresh elements. */
  readonly kernelRelease?: string;
}

/** Since then an element that is added again has its time anew. */
const refreshSince = [6, 12] as const;

function isSince(kernelRelease: string, [major, minor]: readonly [number, number]): boolean {
  const [, first = "0", second = "0"] = /^(\d+)\.(\d+)/.exec(kernelRelease) ?? [];
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}

/** Opens the dataplane; nothing is changed in the kernel. Throws "dataplane/netlink", "dataplane/netns" and "dataplane/no-libc". */
export function openNftables(options: NftablesOptions): Dataplane {
  const { table, clock, logger, netns } = options;
  const socket = openNetlink({ family: families.netfilter, netns });
  const monitor = openMonitor({ netns, table, ownPort: socket.portId });
  const watchers = new Set<(change: ForeignChange) => void>();
  const owner = randomBytes(8).toString("hex");
  const tell = (what: string): void => {
    const last = isTableThere(socket, table) ? ownerOf(readRules(socket, table, stateChain)) : "";
    const isOtherAgent = last !== "" && last !== owner;
    logger.warn({ what, isOtherAgent }, "somebody else changed our table");
    const change = { timeMs: clock.nowMs(), what, ...(isOtherAgent ? { isOtherAgent } : {}) };
    for (const watcher of watchers) watcher(change);
  };
  const refreshesInPlace = isSince(options.kernelRelease ?? release(), refreshSince);
  const writer = createTableWriter({ socket, monitor, table, logger, owner, refreshesInPlace, onForeign: tell });
  const conntrack = openConntrack(socket);
  const endings = new Set<() => void>();

  return {
    apply: (ruleset) => writer.apply(ruleset),
    readBack: (ruleset, given) => readBack(socket, ruleset, { ...given, owner }),
    addElements: (entries) => writer.change({ what: "add", entries }),
    deleteElements: (entries) => writer.change({ what: "delete", entries }),
    listElements: (set) => decodeElements(writer.shapeOf(set), readElements(socket, table, set)),
    counters: () => (isTableThere(socket, table) ? countersOf(socket, table) : []),
    connections: conntrack.connections,
    originalOf: conntrack.originalOf,
    cut: conntrack.cut,
    remove: () => writer.remove(),
    watch: (onForeign) => {
      watchers.add(onForeign);
      const look = (): void => {
        const foreign = monitor.drain();
        if (foreign === undefined) return;
        writer.distrust();
        tell(foreign);
      };
      const timer = setInterval(look, lookEveryMs);
      timer.unref();
      const stop = (): void => {
        clearInterval(timer);
        watchers.delete(onForeign);
        endings.delete(stop);
      };
      endings.add(stop);
      return stop;
    },
    packets: (onBatch) => readPackets({ netns, clock, logger, onBatch }),
    close: () => {
      for (const end of endings) end();
      monitor.close();
      socket.close();
    },
  };
}

/** Sums of the rules' counters by rule id; rules without an id are not ours to tell. */
function countersOf(socket: NetlinkSocket, table: string): readonly Counter[] {
  const sums = new Map<number, { packets: number; bytes: number }>();
  for (const rule of readRules(socket, table)) {
    const hex = /^rule ([0-9a-f]{8})$/.exec(rule.comment)?.[1];
    const count = counterOf(rule.expressions);
    if (hex === undefined || count === undefined) continue;
    const ruleId = Number.parseInt(hex, 16);
    const sum = sums.get(ruleId) ?? { packets: 0, bytes: 0 };
    sums.set(ruleId, { packets: sum.packets + count.packets, bytes: sum.bytes + count.bytes });
  }
  return [...sums].map(([ruleId, sum]) => ({ ruleId, ...sum })).sort((a, b) => a.ruleId - b.ruleId);
}

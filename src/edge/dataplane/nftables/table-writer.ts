// Makes the kernel's table equal to a ruleset: by the difference to what we applied last where that is known to be still there, else by the difference to
// what the kernel says, else all of it anew.
import { Fault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { ApplyReport } from "../../../core/policy/compile/dataplane.ts";
import type { NftRuleset } from "../../../core/policy/compile/nft/ruleset.ts";
import { createBatch } from "./batch.ts";
import { createCommitter } from "./committer.ts";
import { differenceOf } from "./difference.ts";
import { changeElements, type ElementChange } from "./element-changes.ts";
import type { SetShape } from "./elements.ts";
import { differenceToKernel } from "./kernel-difference.ts";
import { isTableThere, readGeneration, readSets } from "./kernel-table.ts";
import type { Monitor } from "./monitor.ts";
import type { NetlinkSocket } from "./netlink/socket.ts";
import { deleteTable, ownedDigest } from "./objects.ts";
import { applyAnew, applyDifference, applyFirst, type Done } from "./phases.ts";

export interface TableWriter {
  apply(ruleset: NftRuleset): ApplyReport;
  change(change: ElementChange): void;
  shapeOf(set: string): SetShape;
  remove(): void;
  /** Somebody else changed the table: the next `apply` trusts nothing. */
  distrust(): void;
}

export interface TableWriterOptions {
  readonly socket: NetlinkSocket;
  readonly monitor: Monitor;
  readonly table: string;
  readonly logger: Logger;
  /** Names this writer in the table, so that another agent's is known for what it is. */
  readonly owner: string;
  /** Whether adding an element again gives it its time anew (Linux 6.12 and later). */
  readonly refreshesInPlace: boolean;
  /** Told of what the monitor found while we wrote. */
  readonly onForeign: (what: string) => void;
}

const unseen = "somebody wrote rules while we wrote ours; which ones is not known";

export function createTableWriter(options: TableWriterOptions): TableWriter {
  const { socket, monitor, table } = options;
  /** What is in the kernel for certain. */
  let last: NftRuleset | undefined;
  let shapes = new Map<string, SetShape>();
  const onForeign = (what: string): void => {
    last = undefined;
    options.onForeign(what);
  };
  const committer = createCommitter({ socket, monitor, onForeign });
  const changes = { ...options, committer, shapeOf };

  return {
    apply: (wanted) => {
      if (wanted.table.name !== table) {
        throw new Fault(`a ruleset for table ${wanted.table.name}`, { code: "dataplane/name", kind: "usage" });
      }
      const ruleset = { ...wanted, digest: ownedDigest(wanted.digest, options.owner) };
      committer.look();
      const given = { socket, committer, ruleset, logger: options.logger };
      const toKernel = (): Done | undefined => applyDifference(given, () => differenceToKernel(socket, ruleset));
      const done =
        applyDifference(given, () => last && differenceOf(last, ruleset)) ??
        // Once more: somebody may have written between the look and the change.
        (isTableThere(socket, table) ? (toKernel() ?? toKernel()) : applyFirst(given)) ??
        applyAnew(given);
      shapes = new Map(ruleset.sets.map((set) => [set.name, set]));
      last = ruleset;
      if (!done.isSure) onForeign(unseen);
      return { ...done.report, kernelGeneration: readGeneration(socket) };
    },
    change: (change) => {
      if (!changeElements(changes, change)) onForeign(unseen);
    },
    shapeOf,
    remove: () => {
      last = undefined;
      shapes = new Map();
      if (!isTableThere(socket, table)) return;
      const batch = createBatch();
      deleteTable(batch, table);
      batch.send(socket);
    },
    distrust: () => {
      last = undefined;
    },
  };

  function shapeOf(name: string): SetShape {
    if (!shapes.has(name)) shapes = new Map([...readSets(socket, table), ...shapes]);
    const shape = shapes.get(name);
    if (shape !== undefined) return shape;
    throw new Fault(`no set ${name} in table ${table}`, { code: "dataplane/no-set", kind: "not-found", where: name });
  }
}

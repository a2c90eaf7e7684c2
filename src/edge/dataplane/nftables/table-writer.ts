// Makes the kernel's table equal to a ruleset: the difference to what we applied last where that is known to be still there, else all of it anew.
import { toFault, Fault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { ApplyReport } from "../../../core/policy/compile/dataplane.ts";
import type { NftRuleset, NftSet } from "../../../core/policy/compile/nft/ruleset.ts";
import { createBatch } from "./batch.ts";
import { createCommitter, type Committer } from "./committer.ts";
import { differenceOf, isEmpty } from "./difference.ts";
import { changeElements, type ElementChange } from "./element-changes.ts";
import { decodeElements, type ElementsOfSet, type SetShape } from "./elements.ts";
import { isTableThere, readElements, readGeneration, readRules, readSets } from "./kernel-table.ts";
import type { Monitor } from "./monitor.ts";
import type { NetlinkSocket } from "./netlink/socket.ts";
import { deleteTable, stateChain } from "./objects.ts";
import { digestOf, readBack } from "./read-back.ts";
import { writeDifference, writeFull, type Written } from "./transaction.ts";

/** What is set aside for a transaction at first: it grows, but growing copies. */
const differenceBytes = 16 * 1024;
const fullBytes = 256 * 1024;
const elementBytes = 40;

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
    apply: (ruleset) => {
      if (ruleset.table.name !== table) {
        throw new Fault(`a ruleset for table ${ruleset.table.name}`, { code: "dataplane/name", kind: "usage" });
      }
      committer.look();
      const isLeft = last === undefined && isThereAlready(socket, ruleset);
      const done = isLeft
        ? nothingDone
        : (applyDifference({ committer, ruleset, logger: options.logger, last: () => last }) ??
          applyFull({ socket, committer, ruleset }));
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

interface Done {
  readonly report: Omit<ApplyReport, "kernelGeneration">;
  readonly isSure: boolean;
}

/** After a restart: what is there may be what we left. */
function isThereAlready(socket: NetlinkSocket, ruleset: NftRuleset): boolean {
  const table = ruleset.table.name;
  if (!isTableThere(socket, table)) return false;
  const state = readRules(socket, table).filter((rule) => rule.chain === stateChain);
  if (digestOf(state) !== ruleset.digest) return false;
  return readBack(socket, ruleset, { elements: true }).differences.length === 0;
}

/** undefined when the difference is not known (`last` is asked at the last moment), or the kernel says that it does not fit. */
function applyDifference(given: {
  readonly committer: Committer;
  readonly ruleset: NftRuleset;
  readonly logger: Logger;
  readonly last: () => NftRuleset | undefined;
}): Done | undefined {
  let how: ApplyReport["how"] = "difference";
  try {
    const { written, isSure } = given.committer.commit(differenceBytes, (batch) => {
      const last = given.last();
      const difference = last === undefined ? undefined : differenceOf(last, given.ruleset);
      if (difference === undefined) return undefined;
      how = isEmpty(difference) ? "nothing" : "difference";
      return writeDifference(batch, given.ruleset, difference);
    });
    return written && { report: { how, ...written }, isSure };
  } catch (error) {
    const fault = toFault(error);
    if (fault.code !== "dataplane/disagrees") throw fault;
    given.logger.warn(
      { because: fault.message },
      "the difference does not fit the kernel's table; all is written anew",
    );
    return undefined;
  }
}

function applyFull(given: {
  readonly socket: NetlinkSocket;
  readonly committer: Committer;
  readonly ruleset: NftRuleset;
}): Done {
  const { ruleset } = given;
  const elements = ruleset.sets.reduce((sum, set) => sum + set.elements.length, 0);
  try {
    const { written, isSure } = given.committer.commit(fullBytes + elements * elementBytes, (batch) =>
      writeFull(batch, ruleset, keptElements(given.socket, ruleset)),
    );
    return { report: { how: "full", ...written }, isSure };
  } catch (error) {
    const fault = toFault(error);
    if (fault.code !== "dataplane/disagrees") throw fault;
    // All of it is ours: what is missing or there twice is so in the ruleset.
    const { kind, where } = fault;
    throw new Fault(fault.message, {
      code: "dataplane/refused",
      kind,
      cause: fault,
      ...(where === undefined ? {} : { where }),
    });
  }
}

const emptyWritten: Written = {
  elementsAdded: 0,
  elementsDeleted: 0,
  chainsWritten: 0,
  setsAdded: 0,
  setsDeleted: 0,
};

const nothingDone: Done = { report: { how: "nothing", ...emptyWritten }, isSure: true };

/** What others (the DNS proxy) put into dynamic sets: a table written anew has it again, with what is left of its time. */
function keptElements(socket: NetlinkSocket, ruleset: NftRuleset): readonly ElementsOfSet[] {
  const table = ruleset.table.name;
  const dynamic = ruleset.sets.filter((set) => set.isDynamic === true);
  if (dynamic.length === 0 || !isTableThere(socket, table)) return [];
  const there = readSets(socket, table);
  const kept: ElementsOfSet[] = [];
  for (const set of dynamic) {
    const shape = there.get(set.name);
    if (shape === undefined || !isAlike(shape, set)) continue;
    kept.push({ table, set, elements: decodeElements(set, readElements(socket, table, set.name)) });
  }
  return kept;
}

function isAlike(shape: SetShape, set: NftSet): boolean {
  return shape.key.join() === set.key.join() && shape.interval === set.interval && shape.timeout === set.timeout;
}

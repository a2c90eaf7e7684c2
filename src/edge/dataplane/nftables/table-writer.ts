// Makes the kernel's table equal to a ruleset: the difference to what we applied last where that is known to be still there, else all of it anew.
import { toFault, Fault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { ApplyReport } from "../../../core/policy/compile/dataplane.ts";
import type { NftElement, NftRuleset, NftSet } from "../../../core/policy/compile/nft/ruleset.ts";
import { createBatch, type Batch } from "./batch.ts";
import { differenceOf, isEmpty } from "./difference.ts";
import { decodeElements, writeElements, type ElementsOfSet, type SetShape } from "./elements.ts";
import { isTableThere, readElements, readGeneration, readRules, readSets } from "./kernel-table.ts";
import type { Monitor } from "./monitor.ts";
import type { NetlinkSocket } from "./netlink/socket.ts";
import { deleteTable, stateChain } from "./objects.ts";
import { digestOf, readBack } from "./read-back.ts";
import { writeDifference, writeFull, type Written } from "./transaction.ts";

/** A transaction that others keep disturbing is tried this often with a check of the generation; then once without. */
const attemptsMax = 10;
/** Transactions from this size on are not announced to ourselves. */
const quietBytesMin = 32 * 1024;
const quietElementsMin = 500;
/** What is set aside for a transaction at first: it grows, but growing copies. */
const bytesFirst = 256 * 1024;
const elementBytes = 40;
const smallBytes = 1024;

export interface TableWriter {
  apply(ruleset: NftRuleset): ApplyReport;
  change(
    what: "add" | "delete",
    entries: readonly { readonly set: string; readonly elements: readonly NftElement[] }[],
  ): void;
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
  /** Told of what the monitor found while we wrote. */
  readonly onForeign: (what: string) => void;
}

export function createTableWriter(options: TableWriterOptions): TableWriter {
  const { socket, monitor, table, logger } = options;
  let last: NftRuleset | undefined;
  /** Somebody else wrote rules while the monitor was paused. */
  let missed = false;
  let shapes = new Map<string, SetShape>();

  function look(): void {
    const foreign = monitor.drain();
    if (foreign === undefined) return;
    last = undefined;
    options.onForeign(foreign);
  }
  function remember(ruleset: NftRuleset): void {
    last = missed ? undefined : ruleset;
    if (missed) options.onForeign("somebody wrote rules while we wrote ours; which ones is not known");
    missed = false;
    shapes = new Map(ruleset.sets.map((set) => [set.name, set]));
  }
  /** After a restart: what is there may be what we left. */
  function adopt(ruleset: NftRuleset): boolean {
    if (!isTableThere(socket, table)) return false;
    const state = readRules(socket, table).filter((rule) => rule.chain === stateChain);
    if (digestOf(state) !== ruleset.digest) return false;
    return readBack(socket, ruleset, { elements: true }).differences.length === 0;
  }
  /** Sends what `write` writes; again when others changed rules meanwhile (then `last` may be unknown). */
  function commit<T>(bytesGuess: number, write: (batch: Batch) => T): T {
    for (let attempt = 0; ; attempt += 1) {
      const generation = attempt < attemptsMax ? readGeneration(socket) : undefined;
      look();
      const batch = createBatch(generation, bytesGuess);
      const written = write(batch);
      if (batch.size === 0) return written;
      try {
        if (generation === undefined || batch.writer.length < quietBytesMin) batch.send(socket);
        else sendQuietly(batch, generation);
        return written;
      } catch (error) {
        if (!(error instanceof Fault && error.code === "dataplane/changed")) throw error;
      }
    }
  }
  function sendQuietly(batch: Batch, generation: number): void {
    monitor.pause();
    try {
      batch.send(socket);
    } finally {
      monitor.resume();
    }
    // Each transaction of anybody adds one; 0 is left out.
    const own = (generation + 1) >>> 0 || 1;
    if (readGeneration(socket) !== own) missed = true;
  }
  /** undefined when the difference is not known, or the kernel says that it does not fit. */
  function applyDifference(ruleset: NftRuleset): ApplyReport | undefined {
    let isNothing = false;
    try {
      const written = commit(16 * 1024, (batch) => {
        const difference = last === undefined ? undefined : differenceOf(last, ruleset);
        if (difference === undefined) return undefined;
        isNothing = isEmpty(difference);
        return writeDifference(batch, ruleset, difference);
      });
      return (
        written && { how: isNothing ? "nothing" : "difference", ...written, kernelGeneration: readGeneration(socket) }
      );
    } catch (error) {
      const fault = toFault(error);
      if (fault.code !== "dataplane/disagrees") throw fault;
      logger.warn({ because: fault.message }, "the kernel's table is not what was applied last; it is written anew");
      return undefined;
    }
  }
  function applyFull(ruleset: NftRuleset): ApplyReport {
    const elements = ruleset.sets.reduce((sum, set) => sum + set.elements.length, 0);
    const written = commit(bytesFirst + elements * elementBytes, (batch) =>
      writeFull(batch, ruleset, keptElements(socket, ruleset)),
    );
    return { how: "full", ...written, kernelGeneration: readGeneration(socket) };
  }

  return {
    apply: (ruleset) => {
      if (ruleset.table.name !== table) {
        throw new Fault(`a ruleset for table ${ruleset.table.name}`, { code: "dataplane/name", kind: "usage" });
      }
      look();
      if (last === undefined && adopt(ruleset)) {
        remember(ruleset);
        return { how: "nothing", ...emptyWritten, kernelGeneration: readGeneration(socket) };
      }
      const report = applyDifference(ruleset) ?? applyFull(ruleset);
      remember(ruleset);
      return report;
    },
    change: (what, entries) => {
      const write = (batch: Batch): void => {
        for (const entry of entries) {
          writeElements(batch, what, { table, set: shapeOf(entry.set), elements: entry.elements });
        }
      };
      if (entries.reduce((sum, entry) => sum + entry.elements.length, 0) > quietElementsMin) {
        return commit(bytesFirst, write);
      }
      const batch = createBatch(undefined, smallBytes);
      write(batch);
      if (batch.size > 0) batch.send(socket);
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

const emptyWritten: Written = {
  elementsAdded: 0,
  elementsDeleted: 0,
  chainsWritten: 0,
  setsAdded: 0,
  setsDeleted: 0,
};

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

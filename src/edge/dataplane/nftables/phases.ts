// The ways from what is in the kernel to a ruleset. A difference goes in up to three transactions of which only the middle one changes what happens to
// packets; see transaction.ts for why.
import { Fault, toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { ApplyReport } from "../../../core/policy/compile/dataplane.ts";
import type { NftRuleset } from "../../../core/policy/compile/nft/ruleset.ts";
import type { Batch } from "./batch.ts";
import type { Committer } from "./committer.ts";
import { differenceOf, elementCounts, isEmpty, type Difference } from "./difference.ts";
import { keptElements } from "./kept-elements.ts";
import type { NetlinkSocket } from "./netlink/socket.ts";
import {
  preparationOf,
  writeCleanup,
  writeDifference,
  writeFull,
  writePreparation,
  writeRetreat,
  type Written,
} from "./transaction.ts";

/** What is set aside for a transaction at first: it grows, but growing copies. */
const smallBytes = 16 * 1024;
const elementBytes = 44;

export interface Done {
  readonly report: Omit<ApplyReport, "kernelGeneration">;
  /** Whether nobody else can have changed our table unseen. */
  readonly isSure: boolean;
}

export interface Given {
  readonly socket: NetlinkSocket;
  readonly committer: Committer;
  readonly ruleset: NftRuleset;
  readonly logger: Logger;
}

type Find = () => Difference | undefined;

/** Makes the difference that `find` says; undefined when it is not known, or when the kernel says that it does not fit. */
export function applyDifference(given: Given, find: Find): Done | undefined {
  const difference = find();
  if (difference === undefined) return undefined;
  try {
    const how = isEmpty(difference) ? "nothing" : "difference";
    const { written, isSure } = inPhases(given, { difference, isTableNew: false });
    return { report: { how, ...written }, isSure };
  } catch (error) {
    const fault = toFault(error);
    if (fault.code !== "dataplane/disagrees") throw fault;
    given.logger.warn({ because: fault.message }, "the difference does not fit the kernel's table");
    return undefined;
  }
}

/** Where there is no table: what hooks it in comes last. undefined when there is one by now, or the ruleset does not fit together. */
export function applyFirst(given: Given): Done | undefined {
  const empty: NftRuleset = { ...given.ruleset, digest: "", sets: [], chains: [] };
  const difference = { ...differenceOf(empty, given.ruleset), isDigestNew: true };
  try {
    const { written, isSure } = inPhases(given, { difference, isTableNew: true });
    return { report: { how: "full", ...written }, isSure };
  } catch (error) {
    const fault = toFault(error);
    if (fault.code !== "dataplane/disagrees") throw fault;
    return undefined;
  }
}

/**
 * All of it in place of whatever is there, in one transaction: for a table that fits nothing we know. Packets on their way at that moment may be judged by
 * an empty chain. Throws "dataplane/refused".
 */
export function applyAnew(given: Given): Done {
  const { ruleset } = given;
  const elements = ruleset.sets.reduce((sum, set) => sum + set.elements.length, 0);
  try {
    const { written, isSure } = given.committer.commit(smallBytes + elements * elementBytes, (batch) =>
      writeFull(batch, ruleset, keptElements(given.socket, ruleset)),
    );
    return { report: { how: "full", ...written }, isSure };
  } catch (error) {
    throw asRefused(toFault(error));
  }
}

/** All of it is ours: what is missing or there twice is so in the ruleset. */
function asRefused(fault: Fault): Fault {
  if (fault.code !== "dataplane/disagrees") return fault;
  const { kind, where } = fault;
  const place = where === undefined ? {} : { where };
  return new Fault(fault.message, { code: "dataplane/refused", kind, cause: fault, ...place });
}

function inPhases(
  given: Given,
  what: { readonly difference: Difference; readonly isTableNew: boolean },
): { readonly written: Written; readonly isSure: boolean } {
  const { committer, ruleset, logger } = given;
  const { difference } = what;
  const preparation = preparationOf(difference);
  const first = { table: ruleset.table, isTableNew: what.isTableNew, preparation };
  const bytes = smallBytes + elementCounts(difference).added * elementBytes;
  const seen = committer.foreignChanges();
  const check = (): void => {
    if (committer.foreignChanges() === seen) return;
    throw new Fault("somebody else changed our table meanwhile", { code: "dataplane/disagrees", kind: "conflict" });
  };
  const isPrepared = what.isTableNew || preparation.sets.length + preparation.chains.length > 0;
  const prepare = (batch: Batch): void => {
    check();
    writePreparation(batch, first);
  };
  const isSureBefore = !isPrepared || committer.commit(bytes, prepare).isSure;
  try {
    const { written, isSure } = committer.commit(smallBytes, (batch) => {
      check();
      return writeDifference(batch, { after: ruleset, difference, preparation });
    });
    return { written, isSure: cleanUp(given, difference) && isSure && isSureBefore };
  } catch (error) {
    if (isPrepared) retreat(() => committer.commit(smallBytes, (batch) => writeRetreat(batch, first)), logger);
    throw error;
  }
}

function retreat(act: () => unknown, logger: Logger): void {
  try {
    act();
  } catch (error) {
    logger.warn({ because: toFault(error).message }, "what was prepared for a refused ruleset was not taken away");
  }
}

/** The policy holds already; what is left over does no harm. Whether it is gone. */
function cleanUp({ committer, ruleset, logger }: Given, difference: Difference): boolean {
  if (difference.setsGone.length + difference.chainsGone.length === 0) return true;
  try {
    return committer.commit(smallBytes, (batch) => writeCleanup(batch, ruleset.table.name, difference)).isSure;
  } catch (error) {
    logger.warn({ because: toFault(error).message }, "chains and sets that nothing names were not taken away");
    return false;
  }
}

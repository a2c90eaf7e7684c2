// A ruleset, or the difference between two, as the messages of transactions: first what may be there before it counts, then what counts, then what is left
// over.
import type { ApplyReport } from "../../../core/policy/compile/dataplane.ts";
import type { NftChain, NftRuleset, NftSet } from "../../../core/policy/compile/nft/ruleset.ts";
import type { Batch } from "./batch.ts";
import { elementCounts, type Difference } from "./difference.ts";
import { writeElements, type ElementsOfSet } from "./elements.ts";
import {
  deleteChain,
  deleteSet,
  deleteTable,
  flushChain,
  newChain,
  newRules,
  newSet,
  newTable,
  stateChain,
  writeState,
} from "./objects.ts";

export type Written = Omit<ApplyReport, "how" | "kernelGeneration">;

/** What may be written before it counts: new sets with their elements, and new chains that nothing jumps to yet. */
export interface Preparation {
  readonly sets: readonly NftSet[];
  readonly chains: readonly NftChain[];
}

const nothingPrepared: Preparation = { sets: [], chains: [] };

/** Nothing where an object is replaced under its name: a new chain may need the new one. */
export function preparationOf(difference: Difference): Preparation {
  if (difference.setsReplaced.length + difference.chainsReplaced.length > 0) return nothingPrepared;
  return { sets: difference.setsNew, chains: difference.chainsNew.filter((chain) => chain.base === undefined) };
}

/**
 * Writes what is prepared. The kernel shows sets of joined ranges a moment after the rules of the same transaction, and a packet on its way through old
 * rules may already find the new element of a map: what these lead to must be there before.
 */
export function writePreparation(
  batch: Batch,
  given: { readonly table: NftRuleset["table"]; readonly isTableNew: boolean; readonly preparation: Preparation },
): void {
  const { preparation } = given;
  const table = given.table.name;
  if (given.isTableNew) newTable(batch, given.table);
  writeNewSets(batch, table, preparation.sets);
  for (const chain of preparation.chains) newChain(batch, table, chain);
  for (const set of preparation.sets) writeElementsOf(batch, table, set);
  for (const chain of preparation.chains) newRules(batch, table, chain);
}

/** Takes back what was prepared, when what should have followed was refused. */
export function writeRetreat(
  batch: Batch,
  given: { readonly table: NftRuleset["table"]; readonly isTableNew: boolean; readonly preparation: Preparation },
): void {
  const { preparation } = given;
  const table = given.table.name;
  if (given.isTableNew) return deleteTable(batch, table);
  for (const chain of preparation.chains) flushChain(batch, table, chain.name);
  for (const set of preparation.sets) deleteSet(batch, table, set.name);
  for (const chain of preparation.chains) deleteChain(batch, table, chain.name);
}

function writeNewSets(batch: Batch, table: string, sets: readonly NftSet[]): void {
  for (const [index, set] of sets.entries()) newSet(batch, table, set, index + 1);
}

/** All elements of a new set, but of one that somebody else fills. */
function writeElementsOf(batch: Batch, table: string, set: NftSet): void {
  if (set.isDynamic !== true) writeElements(batch, "add", { table, set, elements: set.elements });
}

/**
 * Writes what makes the difference, without what was prepared. What rules no longer name stays for `writeCleanup`: a packet that is on its way through
 * the old rules looks into the sets as they are after the transaction, and would find them empty.
 */
export function writeDifference(
  batch: Batch,
  given: { readonly after: NftRuleset; readonly difference: Difference; readonly preparation: Preparation },
): Written {
  const { difference } = given;
  const table = given.after.table.name;
  const { chainsChanged, chainsReplaced, chainsGone, setsChanged } = difference;
  const isPrepared = new Set<NftSet | NftChain>([...given.preparation.sets, ...given.preparation.chains]);
  const sets = [...difference.setsReplaced, ...difference.setsNew.filter((set) => !isPrepared.has(set))];
  const chains = [...chainsReplaced, ...difference.chainsNew.filter((chain) => !isPrepared.has(chain))];
  for (const chain of [...chainsChanged, ...chainsReplaced, ...chainsGone]) flushChain(batch, table, chain.name);
  // At once: a hooked chain without rules would judge by its policy alone.
  for (const chain of [...chainsReplaced, ...chainsGone.filter((one) => one.isBase)]) {
    deleteChain(batch, table, chain.name);
  }
  for (const { set, deleted } of setsChanged) writeElements(batch, "delete", { table, set, elements: deleted });
  for (const set of difference.setsReplaced) deleteSet(batch, table, set.name);
  writeNewSets(batch, table, sets);
  for (const chain of chains) newChain(batch, table, chain);
  for (const { set, added } of setsChanged) writeElements(batch, "add", { table, set, elements: added });
  for (const set of sets) writeElementsOf(batch, table, set);
  for (const chain of [...chainsChanged, ...chains]) newRules(batch, table, chain);
  if (difference.isDigestNew) {
    // Once more is no error, and somebody may have taken it away.
    newChain(batch, table, { name: stateChain, rules: [] });
    flushChain(batch, table, stateChain);
    writeState(batch, table, given.after.digest);
  }
  return writtenOf(difference);
}

function writtenOf(difference: Difference): Written {
  const counts = elementCounts(difference);
  const { chainsChanged, chainsReplaced, chainsNew, setsNew, setsReplaced, setsGone } = difference;
  return {
    elementsAdded: counts.added,
    elementsDeleted: counts.deleted,
    chainsWritten: chainsChanged.length + chainsReplaced.length + chainsNew.length,
    setsAdded: setsNew.length + setsReplaced.length,
    setsDeleted: setsGone.length + setsReplaced.length,
  };
}

/** Takes away what nothing names any more, after `writeDifference` was committed. May write nothing. */
export function writeCleanup(batch: Batch, table: string, difference: Difference): void {
  // Maps hold on to chains.
  for (const set of difference.setsGone) deleteSet(batch, table, set);
  for (const chain of difference.chainsGone) if (!chain.isBase) deleteChain(batch, table, chain.name);
}

/** Writes the table anew, in place of whatever is there under its name; `kept` are elements that others put into dynamic sets. */
export function writeFull(batch: Batch, after: NftRuleset, kept: readonly ElementsOfSet[]): Written {
  const table = after.table.name;
  // Created first, so that deleting it cannot fail.
  newTable(batch, after.table);
  deleteTable(batch, table);
  newTable(batch, after.table);
  writeNewSets(batch, table, after.sets);
  for (const chain of after.chains) newChain(batch, table, chain);
  newChain(batch, table, { name: stateChain, rules: [] });
  let elementsAdded = 0;
  for (const set of after.sets) {
    writeElementsOf(batch, table, set);
    if (set.isDynamic !== true) elementsAdded += set.elements.length;
  }
  for (const given of kept) writeElements(batch, "add", given);
  for (const chain of after.chains) newRules(batch, table, chain);
  writeState(batch, table, after.digest);
  return {
    elementsAdded,
    elementsDeleted: 0,
    chainsWritten: after.chains.length,
    setsAdded: after.sets.length,
    setsDeleted: 0,
  };
}

// A ruleset, or the difference between two, as the messages of one transaction.
import type { NftRuleset } from "../../../core/policy/compile/nft/ruleset.ts";
import type { Batch } from "./batch.ts";
import type { Difference } from "./difference.ts";
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

export interface Written {
  elementsAdded: number;
  elementsDeleted: number;
  chainsWritten: number;
  setsAdded: number;
  setsDeleted: number;
}

const nothing = (): Written => ({
  elementsAdded: 0,
  elementsDeleted: 0,
  chainsWritten: 0,
  setsAdded: 0,
  setsDeleted: 0,
});

/** Writes a difference. Sets and chains come before what names them, and go after it. */
export function writeDifference(batch: Batch, after: NftRuleset, difference: Difference): Written {
  const table = after.table.name;
  const written = nothing();
  for (const [index, set] of difference.setsNew.entries()) newSet(batch, table, set, index + 1);
  for (const chain of difference.chainsNew) newChain(batch, table, chain);
  for (const { set, deleted } of difference.setsChanged) {
    writeElements(batch, "delete", { table, set, elements: deleted });
    written.elementsDeleted += deleted.length;
  }
  const adding = [
    ...difference.setsChanged.map(({ set, added }) => ({ set, elements: added })),
    ...difference.setsNew.filter((set) => set.isDynamic !== true).map((set) => ({ set, elements: set.elements })),
  ];
  for (const { set, elements } of adding) {
    writeElements(batch, "add", { table, set, elements });
    written.elementsAdded += elements.length;
  }
  for (const chain of [...difference.chainsChanged, ...difference.chainsGone]) flushChain(batch, table, chain.name);
  for (const chain of [...difference.chainsChanged, ...difference.chainsNew]) newRules(batch, table, chain);
  for (const set of difference.setsGone) deleteSet(batch, table, set.name);
  for (const chain of difference.chainsGone) deleteChain(batch, table, chain.name);
  if (difference.isDigestNew) {
    flushChain(batch, table, stateChain);
    writeState(batch, table, after.digest);
  }
  written.chainsWritten = difference.chainsChanged.length + difference.chainsNew.length;
  written.setsAdded = difference.setsNew.length;
  written.setsDeleted = difference.setsGone.length;
  return written;
}

/** Writes the table anew, in place of whatever is there under its name; `kept` are elements that others put into dynamic sets. */
export function writeFull(batch: Batch, after: NftRuleset, kept: readonly ElementsOfSet[]): Written {
  const table = after.table.name;
  const written = nothing();
  // Created first, so that deleting it cannot fail.
  newTable(batch, table);
  deleteTable(batch, table);
  newTable(batch, table);
  for (const [index, set] of after.sets.entries()) newSet(batch, table, set, index + 1);
  for (const chain of after.chains) newChain(batch, table, chain);
  newChain(batch, table, { name: stateChain, rules: [] });
  for (const set of after.sets) {
    if (set.isDynamic === true) continue;
    writeElements(batch, "add", { table, set, elements: set.elements });
    written.elementsAdded += set.elements.length;
  }
  for (const given of kept) writeElements(batch, "add", given);
  for (const chain of after.chains) newRules(batch, table, chain);
  writeState(batch, table, after.digest);
  written.chainsWritten = after.chains.length;
  written.setsAdded = after.sets.length;
  return written;
}

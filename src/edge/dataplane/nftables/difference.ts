// From one ruleset to the next as one transaction: only what differs is written. What is the same object is not looked into.
import type { NftChain, NftElement, NftRuleset, NftSet } from "../../../core/policy/compile/nft/ruleset.ts";
import type { Batch } from "./batch.ts";
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

interface SetChange {
  readonly set: NftSet;
  readonly added: readonly NftElement[];
  readonly deleted: readonly NftElement[];
}

export interface Difference {
  readonly setsNew: readonly NftSet[];
  readonly setsGone: readonly NftSet[];
  readonly setsChanged: readonly SetChange[];
  readonly chainsNew: readonly NftChain[];
  readonly chainsGone: readonly NftChain[];
  readonly chainsChanged: readonly NftChain[];
  readonly isDigestNew: boolean;
}

export function isEmpty(difference: Difference): boolean {
  return (
    !difference.isDigestNew && Object.values(difference).every((part) => !Array.isArray(part) || part.length === 0)
  );
}

function hasShapeOf(a: NftSet, b: NftSet): boolean {
  return (
    a.interval === b.interval &&
    a.timeout === b.timeout &&
    a.isMap === b.isMap &&
    a.key.length === b.key.length &&
    a.key.every((type, index) => type === b.key[index])
  );
}

/** How to come from one ruleset to the other; undefined when an object would have to be another one under its old name. */
export function differenceOf(before: NftRuleset, after: NftRuleset): Difference | undefined {
  const setsBefore = new Map(before.sets.map((set) => [set.name, set]));
  const setsNew: NftSet[] = [];
  const setsChanged: SetChange[] = [];
  for (const set of after.sets) {
    const old = setsBefore.get(set.name);
    setsBefore.delete(set.name);
    if (old === set) continue;
    if (old === undefined) setsNew.push(set);
    else if (!hasShapeOf(old, set)) return undefined;
    else if (set.isDynamic !== true) {
      const change = { set, ...changeOf(old, set) };
      if (change.added.length + change.deleted.length > 0) setsChanged.push(change);
    }
  }
  const chains = chainDifference(before.chains, after.chains);
  if (chains === undefined) return undefined;
  const isDigestNew = before.digest !== after.digest;
  return { setsNew, setsGone: [...setsBefore.values()], setsChanged, ...chains, isDigestNew };
}

function chainDifference(
  before: readonly NftChain[],
  after: readonly NftChain[],
): Pick<Difference, "chainsNew" | "chainsGone" | "chainsChanged"> | undefined {
  const rest = new Map(before.map((chain) => [chain.name, chain]));
  const chainsNew: NftChain[] = [];
  const chainsChanged: NftChain[] = [];
  for (const chain of after) {
    const old = rest.get(chain.name);
    rest.delete(chain.name);
    if (old === chain) continue;
    if (old === undefined) chainsNew.push(chain);
    else if (JSON.stringify(old.base) !== JSON.stringify(chain.base)) return undefined;
    else if (JSON.stringify(old.rules) !== JSON.stringify(chain.rules)) chainsChanged.push(chain);
  }
  return { chainsNew, chainsGone: [...rest.values()], chainsChanged };
}

/** Elements by which two versions of a set differ: what the compiler noted, or else by their content. */
function changeOf(before: NftSet, after: NftSet): Pick<SetChange, "added" | "deleted"> {
  if (after.change?.fromVersion === before.version) return after.change;
  const rest = new Map(before.elements.map((element) => [textOf(element), element]));
  const added: NftElement[] = [];
  for (const element of after.elements) if (!rest.delete(textOf(element))) added.push(element);
  return { added, deleted: [...rest.values()] };
}

function textOf(element: NftElement): string {
  return JSON.stringify([element.key, element.data]);
}

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

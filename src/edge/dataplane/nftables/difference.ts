// From one ruleset to the next: what differs, found without looking into what is the same object.
import type { NftChain, NftElement, NftRuleset, NftSet } from "../../../core/policy/compile/nft/ruleset.ts";

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

// From one ruleset to the next: what differs, found without looking into what is the same object.
import type { NftChain, NftElement, NftRuleset, NftSet } from "../../../core/policy/compile/nft/ruleset.ts";

export interface SetChange {
  readonly set: NftSet;
  readonly added: readonly NftElement[];
  readonly deleted: readonly NftElement[];
}

export interface Difference {
  readonly setsNew: readonly NftSet[];
  /** Of another shape under their old name. */
  readonly setsReplaced: readonly NftSet[];
  readonly setsGone: readonly string[];
  readonly setsChanged: readonly SetChange[];
  readonly chainsNew: readonly NftChain[];
  /** Hooked otherwise under their old name. */
  readonly chainsReplaced: readonly NftChain[];
  readonly chainsGone: readonly { readonly name: string; readonly isBase: boolean }[];
  readonly chainsChanged: readonly NftChain[];
  readonly isDigestNew: boolean;
}

export function isEmpty(difference: Difference): boolean {
  return (
    !difference.isDigestNew && Object.values(difference).every((part) => !Array.isArray(part) || part.length === 0)
  );
}

/** Number of elements that are added and deleted. */
export function elementCounts(difference: Difference): { readonly added: number; readonly deleted: number } {
  let added = 0;
  let deleted = 0;
  for (const change of difference.setsChanged) {
    added += change.added.length;
    deleted += change.deleted.length;
  }
  for (const set of [...difference.setsNew, ...difference.setsReplaced]) {
    if (set.isDynamic !== true) added += set.elements.length;
  }
  return { added, deleted };
}

type SetDifference = Pick<Difference, "setsNew" | "setsReplaced" | "setsGone" | "setsChanged">;
type ChainDifference = Pick<Difference, "chainsNew" | "chainsReplaced" | "chainsGone" | "chainsChanged">;

/** How to come from one ruleset to the other. */
export function differenceOf(before: NftRuleset, after: NftRuleset): Difference {
  const sets = setDifference(before.sets, after.sets);
  const chains = chainDifference(before.chains, after.chains);
  return withReferrers(after, { ...sets, ...chains, isDigestNew: before.digest !== after.digest });
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

function setDifference(before: readonly NftSet[], after: readonly NftSet[]): SetDifference {
  const rest = new Map(before.map((set) => [set.name, set]));
  const setsNew: NftSet[] = [];
  const setsReplaced: NftSet[] = [];
  const setsChanged: SetChange[] = [];
  for (const set of after) {
    const old = rest.get(set.name);
    rest.delete(set.name);
    if (old === set) continue;
    if (old === undefined) setsNew.push(set);
    else if (!hasShapeOf(old, set)) setsReplaced.push(set);
    else if (set.isDynamic !== true) {
      const change = { set, ...changeOf(old, set) };
      if (change.added.length + change.deleted.length > 0) setsChanged.push(change);
    }
  }
  return { setsNew, setsReplaced, setsChanged, setsGone: [...rest.keys()] };
}

function chainDifference(before: readonly NftChain[], after: readonly NftChain[]): ChainDifference {
  const rest = new Map(before.map((chain) => [chain.name, chain]));
  const chainsNew: NftChain[] = [];
  const chainsReplaced: NftChain[] = [];
  const chainsChanged: NftChain[] = [];
  for (const chain of after) {
    const old = rest.get(chain.name);
    rest.delete(chain.name);
    if (old === chain) continue;
    if (old === undefined) chainsNew.push(chain);
    else if (JSON.stringify(old.base) !== JSON.stringify(chain.base)) chainsReplaced.push(chain);
    else if (JSON.stringify(old.rules) !== JSON.stringify(chain.rules)) chainsChanged.push(chain);
  }
  const chainsGone = [...rest.values()].map(({ name, base }) => ({ name, isBase: base !== undefined }));
  return { chainsNew, chainsReplaced, chainsGone, chainsChanged };
}

/** Rules hold on to their sets: where a set is replaced, chains that name it are written again. */
export function withReferrers(after: NftRuleset, difference: Difference): Difference {
  if (difference.setsReplaced.length === 0) return difference;
  const replaced = new Set(difference.setsReplaced.map((set) => set.name));
  const written = new Set([...difference.chainsNew, ...difference.chainsReplaced, ...difference.chainsChanged]);
  const referrers = after.chains.filter(
    (chain) => !written.has(chain) && chain.rules.some((rule) => names(rule, replaced)),
  );
  return { ...difference, chainsChanged: [...difference.chainsChanged, ...referrers] };
}

function names(rule: NftChain["rules"][number], sets: ReadonlySet<string>): boolean {
  return rule.expressions.some(
    (given) => (given.do === "lookup" && sets.has(given.set)) || (given.do === "vmap" && sets.has(given.map)),
  );
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

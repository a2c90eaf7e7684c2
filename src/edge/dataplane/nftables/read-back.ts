// Compares what should be in the kernel with what the kernel says is there, object by object.
import type { ReadBack } from "../../../core/policy/compile/dataplane.ts";
import type { NftChain, NftRuleset, NftSet } from "../../../core/policy/compile/nft/ruleset.ts";
import { canonicalRule } from "./canonical.ts";
import { baseText, commentOf, expressionsText, shapeText } from "./compare.ts";
import { addTexts, countEntries, textsOfSet } from "./element-texts.ts";
import { isTableThere, readChains, askElements, readRules, readSets, type RawRule } from "./kernel-table.ts";
import type { NetlinkSocket } from "./netlink/socket.ts";
import { digestOf, ownerOf, stateChain } from "./objects.ts";

/** Differences that are told; the rest is one line that says how many. */
export const differencesMax = 50;

type Note = (text: string) => void;

/** See Dataplane.readBack. */
export function readBack(
  socket: NetlinkSocket,
  ruleset: NftRuleset,
  options: { readonly elements: boolean; readonly owner: string },
): ReadBack {
  const table = ruleset.table.name;
  if (!isTableThere(socket, table)) {
    return { isThere: false, digest: "", differences: [`table ${table} is not there`] };
  }
  const differences: string[] = [];
  let more = 0;
  const note: Note = (text) => {
    if (differences.length < differencesMax - 1) differences.push(text);
    else more += 1;
  };
  const rules = Map.groupBy(readRules(socket, table), (rule) => rule.chain);
  const digest = digestOf(rules.get(stateChain) ?? []);
  if (digest !== ruleset.digest) note(`digest is ${digest === "" ? "not there" : digest}`);
  const owner = ownerOf(rules.get(stateChain) ?? []);
  if (owner !== "" && owner !== options.owner) note("another agent wrote it last");
  compareChains(ruleset, readChains(socket, table), note);
  for (const chain of ruleset.chains) compareRules(chain, rules.get(chain.name) ?? [], note);
  const sets = readSets(socket, table);
  for (const name of sets.keys()) {
    if (!ruleset.sets.some((set) => set.name === name)) note(`set ${name} should not be there`);
  }
  for (const set of ruleset.sets) {
    const found = sets.get(set.name);
    if (found === undefined) note(`set ${set.name} is missing`);
    else if (shapeText(found) !== shapeText(set)) note(`set ${set.name} is of another kind`);
    // Elements that come and go by themselves are not compared.
    else if (!set.timeout)
      compareElements(socket, { table, set, elements: options.elements, count: found.count }, note);
  }
  if (more > 0) differences.push(`and ${more} more`);
  return { isThere: true, digest, differences };
}

function compareChains(ruleset: NftRuleset, found: ReadonlyMap<string, string>, note: Note): void {
  const wanted = new Map(ruleset.chains.map((chain) => [chain.name, baseText(chain)]));
  wanted.set(stateChain, "");
  for (const [name, base] of wanted) {
    const there = found.get(name);
    if (there === undefined) note(`chain ${name} is missing`);
    else if (there !== base) note(`chain ${name} is hooked otherwise: ${there}`);
  }
  for (const name of found.keys()) if (!wanted.has(name)) note(`chain ${name} should not be there`);
}

function compareRules(chain: NftChain, found: readonly RawRule[], note: Note): void {
  for (const [index, rule] of chain.rules.entries()) {
    const there = found[index];
    const where = `chain ${chain.name}: rule ${index}`;
    if (there === undefined) {
      note(`${where} is missing`);
      continue;
    }
    const comment = there.comment === "" ? "none" : there.comment;
    if (expressionsText(rule) !== canonicalRule(there.expressions)) note(`${where} is another one`);
    else if (there.comment !== commentOf(rule)) note(`${where} has the id of ${comment}`);
  }
  if (found.length > chain.rules.length)
    note(`chain ${chain.name}: ${found.length - chain.rules.length} rules too many`);
}

function compareElements(
  socket: NetlinkSocket,
  given: {
    readonly table: string;
    readonly set: NftSet;
    readonly elements: boolean;
    readonly count: number | undefined;
  },
  note: Note,
): void {
  const { set } = given;
  if (!given.elements) {
    const wanted = entriesOf(set);
    // Of single ranges kernels count beginnings and ends in their own way.
    const isTold = given.count !== undefined && !isOfSingleRanges(set);
    const found = isTold ? given.count : countOf(askElements(socket, given.table, set.name));
    if (found !== wanted) note(`set ${set.name} has ${found} entries instead of ${wanted}`);
    return;
  }
  const payloads = askElements(socket, given.table, set.name);
  const wanted = textsOfSet(set);
  const found = new Set<string>();
  for (const payload of payloads) addTexts(payload, found);
  const missing = countOutside(wanted, found);
  const more = countOutside(found, wanted);
  if (missing > 0) note(`set ${set.name}: ${missing} entries are missing`);
  if (more > 0) note(`set ${set.name}: ${more} entries too many`);
}

function isOfSingleRanges(set: NftSet): boolean {
  return set.interval && set.key.length === 1;
}

/** Entries that the kernel keeps: of a range two, its beginning and its end. */
function entriesOf(set: NftSet): number {
  return isOfSingleRanges(set) ? textsOfSet(set).size : set.elements.length;
}

function countOf(payloads: readonly Uint8Array[]): number {
  return payloads.reduce((sum, payload) => sum + countEntries(payload), 0);
}

function countOutside(texts: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let count = 0;
  for (const text of texts) if (!other.has(text)) count += 1;
  return count;
}

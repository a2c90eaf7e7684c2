// From what the kernel says is there to a ruleset: after a restart, or after somebody else wrote into our table. What is as it should be stays, with its
// counters.
import type { NftElement, NftRuleset, NftSet } from "../../../core/policy/compile/nft/ruleset.ts";
import { baseText, hasSameRules, shapeText } from "./compare.ts";
import { withReferrers, type Difference, type SetChange } from "./difference.ts";
import { addTexts, textsOfSet } from "./element-texts.ts";
import { decodeElements } from "./elements.ts";
import { encodeKey } from "./keys.ts";
import { askElements, isTableThere, readChains, readElements, readRules, readSets } from "./kernel-table.ts";
import type { NetlinkSocket } from "./netlink/socket.ts";
import { stateChain, stateOf } from "./objects.ts";

/** undefined when there is no table of that name. */
export function differenceToKernel(socket: NetlinkSocket, after: NftRuleset): Difference | undefined {
  const table = after.table.name;
  if (!isTableThere(socket, table)) return undefined;
  const rules = Map.groupBy(readRules(socket, table), (rule) => rule.chain);
  const there = new Map(readChains(socket, table));
  const isDigestNew = stateOf(rules.get(stateChain) ?? []) !== after.digest;
  there.delete(stateChain);
  const chainsNew = after.chains.filter((chain) => !there.has(chain.name));
  const chainsKept = after.chains.filter((chain) => there.has(chain.name));
  const chainsReplaced = chainsKept.filter((chain) => there.get(chain.name) !== baseText(chain));
  const chainsChanged = chainsKept.filter(
    (chain) => !chainsReplaced.includes(chain) && !hasSameRules(chain, rules.get(chain.name) ?? []),
  );
  for (const chain of after.chains) there.delete(chain.name);
  const chainsGone = [...there].map(([name, base]) => ({ name, isBase: base !== "" }));
  const sets = setDifference(socket, after);
  return withReferrers(after, { ...sets, chainsNew, chainsReplaced, chainsChanged, chainsGone, isDigestNew });
}

function setDifference(
  socket: NetlinkSocket,
  after: NftRuleset,
): Pick<Difference, "setsNew" | "setsReplaced" | "setsGone" | "setsChanged"> {
  const there = new Map(readSets(socket, after.table.name));
  const setsNew: NftSet[] = [];
  const setsReplaced: NftSet[] = [];
  const setsChanged: SetChange[] = [];
  for (const set of after.sets) {
    const shape = there.get(set.name);
    there.delete(set.name);
    if (shape === undefined) setsNew.push(set);
    else if (shapeText(shape) !== shapeText(set)) setsReplaced.push(set);
    else if (set.isDynamic !== true) {
      const change = changeOf(socket, after.table.name, set);
      if (change.added.length + change.deleted.length > 0) setsChanged.push(change);
    }
  }
  return { setsNew, setsReplaced, setsChanged, setsGone: [...there.keys()] };
}

function changeOf(socket: NetlinkSocket, table: string, set: NftSet): SetChange {
  // Elements with a time may have ended: adding them again is all that can be said.
  if (set.timeout) return { set, added: set.elements, deleted: [] };
  const wanted = textsOfSet(set);
  const found = new Set<string>();
  for (const payload of askElements(socket, table, set.name)) addTexts(payload, found);
  if (wanted.size === found.size && [...wanted].every((text) => found.has(text))) {
    return { set, added: [], deleted: [] };
  }
  const rest = new Map<string, NftElement>();
  for (const element of decodeElements(set, readElements(socket, table, set.name))) {
    rest.set(textOf(set, element), element);
  }
  const added = set.elements.filter((element) => !rest.delete(textOf(set, element)));
  return { set, added, deleted: [...rest.values()] };
}

function textOf(set: NftSet, element: NftElement): string {
  const end = (which: "low" | "high"): string => Buffer.from(encodeKey(set.key, element.key, which)).toString("latin1");
  return `${end("low")}${end("high")}${JSON.stringify(element.data)}`;
}

// Elements that a table which is written anew must not lose.
import type { NftRuleset, NftSet } from "../../../core/policy/compile/nft/ruleset.ts";
import { decodeElements, type ElementsOfSet, type SetShape } from "./elements.ts";
import { isTableThere, readElements, readSets } from "./kernel-table.ts";
import type { NetlinkSocket } from "./netlink/socket.ts";

/** What others (the DNS proxy) put into dynamic sets: a table written anew has it again, with what is left of its time. */
export function keptElements(socket: NetlinkSocket, ruleset: NftRuleset): readonly ElementsOfSet[] {
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

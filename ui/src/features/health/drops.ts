// What an agent lost, added up over all the places where it is counted. Pure.
import type { AgentCounters } from "../../../../src/model/node.ts";
import { formatCount } from "../../kit/format.ts";

/** The total, and in words where it was lost; an empty text when nothing was. */
export function dropsOf(counters: AgentCounters): { readonly total: number; readonly text: string } {
  const ring = Object.values(counters.ringDropsByType).reduce((sum, count) => sum + count, 0);
  const places = [
    [ring, "in the kernel ring"],
    [counters.queueDrops, "in the queue"],
    [counters.spoolDrops, "in the spool"],
    [counters.blocksRefused, "blocks refused"],
  ] as const;
  const lost = places.filter(([count]) => count > 0);
  return {
    total: lost.reduce((sum, [count]) => sum + count, 0),
    text: lost.map(([count, place]) => `${formatCount(count)} ${place}`).join(", "),
  };
}

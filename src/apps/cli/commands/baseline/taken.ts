// Have the nodes taken the new version? A step that nobody follows yet must not read as if it were in force.
import { setTimeout as pause } from "node:timers/promises";
import { ask, type Context } from "../../context.ts";
import { type BaselineKey, keyOf } from "./find-workload.ts";

/** A guard that is opened for the first time loads its programs, and the node speaks of it with its next report. */
const waitMsMax = 30_000;
const askEveryMs = 1000;

/** Waits until every node that speaks of the baseline has this version; the line says how many have when the time is over. */
export async function sayWhoTook(context: Context, key: BaselineKey, generation: number): Promise<string> {
  const endMs = Date.now() + waitMsMax;
  for (let asked = 0; ; asked += 1) {
    if (asked === 1 && context.isTerminal) context.say("waiting until the nodes have it ...");
    const { nodes } = await ask(context, "getBaseline", { query: keyOf(key) });
    const took = nodes.filter((node) => node.state === "applied" && node.generation >= generation);
    const refused = nodes.filter((node) => node.state === "refused" && node.generation >= generation);
    if (nodes.length > 0 && took.length + refused.length === nodes.length)
      return refused.length === 0
        ? `in force on ${took.length} of ${nodes.length} nodes`
        : `in force on ${took.length} of ${nodes.length} nodes; ${refused[0]?.node ?? ""} refused it: ${refused[0]?.because ?? ""}`;
    if (Date.now() >= endMs)
      return `NOT in force yet: ${took.length} of ${nodes.length} nodes have this version (garrison baseline show says which)`;
    await pause(askEveryMs);
  }
}

// The generation of a policy set: 32 bits of its whole content, whatever the order of its objects and wherever they were written.
import type { PolicySet } from "../model.ts";
import { hashNumbers, hashText, mixed } from "./hash.ts";

/** Not content: where an object stood; what is written beside it as text already. */
const leftOut: ReadonlySet<string> = new Set(["place", "range", "node"]);

/** 1 to 2^32-1; 0 stands for "no policies" in rows. */
export function generationOf(set: PolicySet): number {
  const groups = [set.tiers, set.policies, set.networkSets, set.hostEndpoints, set.profiles];
  const hashes = groups.map((objects) => hashNumbers(objects.map((object) => digestOf(object)).sort((a, b) => a - b)));
  return hashNumbers(hashes) || 1;
}

function digestOf(value: unknown): number {
  if (typeof value === "string") return hashText(value, 0x1b873593);
  if (typeof value === "number") return Number.isFinite(value) ? hashText(String(value), 0x52dce729) : mixed(7);
  if (typeof value === "boolean") return mixed(value ? 11 : 13);
  if (Array.isArray(value))
    return hashNumbers(
      value.map((item) => digestOf(item)),
      0x38b34ae5,
    );
  if (typeof value !== "object" || value === null) return mixed(17);
  // A host endpoint's node is content: only trees of selectors are left out, and those stand beside their text.
  const isSelector = "text" in value && "id" in value;
  let sum = 0;
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined || (leftOut.has(key) && (key !== "node" || isSelector))) continue;
    sum = (sum + hashNumbers([hashText(key), digestOf(field)])) >>> 0;
  }
  return mixed(sum);
}

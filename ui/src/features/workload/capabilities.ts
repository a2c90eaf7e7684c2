// Names of Linux capabilities by bit, as in linux/capability.h. Pure.

import { capabilityNames as names } from "../../../../src/model/capability-names.ts";

/** "none", "all (41)", or the names. The mask is a number below 2^53. */
export function capabilityNames(mask: number): string {
  if (mask === 0) return "none";
  const held = names.filter((_, bit) => Math.floor(mask / 2 ** bit) % 2 === 1);
  return held.length === names.length ? `all (${names.length})` : held.join(", ");
}

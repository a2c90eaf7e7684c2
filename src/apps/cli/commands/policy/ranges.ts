// Which prefixes are the cluster's own in a world of files: told by --ranges and by nodes, else those that pods' addresses show.
import { Fault } from "../../../../base/fault.ts";
import { formatAddress, inRange, isIpv4, parseAddress, parsePrefix } from "../../../../base/ip.ts";
import type { World } from "../../../../core/policy/world.ts";

/** The world with `ranges` beside its own; without `ranges`, with those around pods that no told range holds. Faults name a bad prefix. */
export function withRanges(world: World, ranges: readonly string[]): World {
  const bad = ranges.find((text) => parsePrefix(text) === undefined);
  if (bad !== undefined) {
    throw new Fault(`--ranges ${bad}: not a prefix`, {
      code: "cli/usage",
      kind: "usage",
      hint: "for example 10.0.0.0/8",
    });
  }
  const more = ranges.length > 0 ? ranges : rangesAroundPods(world);
  return { ...world, ranges: [...new Set([...world.ranges, ...more])] };
}

/**
 * The IPv4 /24s and IPv6 /64s that hold pods, sorted: an address among pods that nobody has is no stranger, and a rule on pods may mean it.
 * Pods in a range that nodes told of (spec.podCIDRs) add nothing; plugins that give addresses from pools of their own leave those empty.
 */
export function rangesAroundPods({ endpoints, ranges }: World): readonly string[] {
  const told = ranges.flatMap((text) => parsePrefix(text) ?? []);
  const found = new Set<string>();
  for (const { kind, addresses } of endpoints) {
    if (kind !== "workload") continue;
    for (const text of addresses) {
      const address = parseAddress(text);
      if (address === undefined || told.some((range) => inRange(address, range))) continue;
      const length = isIpv4(address) ? 24 : 64;
      const low = parsePrefix(`${formatAddress(address)}/${length}`)?.low;
      if (low !== undefined) found.add(`${formatAddress(low)}/${length}`);
    }
  }
  return [...found].sort();
}

// Tells the kernel that the proxy lives, by elements that end by themselves: when this process is killed, the redirect of fail mode "open" stops a
// little later with nobody's help, and clients ask past us.
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { NftElement } from "../../../core/policy/compile/nft/ruleset.ts";

export const deadManLimits = {
  lifeMs: 15_000,
  /** So many beats within a life. */
  beatsPerLife: 3,
} as const;

export interface DeadMan {
  /** Whether the set shall say "lives"; undefined: there is no set, nothing is to be done. Throws what the dataplane throws. */
  set(set: string | undefined, isLiving: boolean): void;
  /** Refreshes what would end. */
  beat(nowMs: number): void;
}

/** UDP and TCP. */
const protocols = [17, 6];

export function createDeadMan(
  dataplane: Pick<Dataplane, "addElements" | "deleteElements">,
  lifeMs: number = deadManLimits.lifeMs,
): DeadMan {
  let filled: string | undefined;
  let beatMs = 0;
  const elements = (timeoutMs?: number): NftElement[] =>
    protocols.map((protocol) => ({ key: [protocol], ...(timeoutMs === undefined ? {} : { timeoutMs }) }));
  const fill = () => {
    if (filled !== undefined) dataplane.addElements([{ set: filled, elements: elements(lifeMs) }]);
  };
  return {
    set(set, isLiving) {
      const before = filled;
      filled = isLiving ? set : undefined;
      if (filled !== undefined) fill();
      else if (before !== undefined && set === before) {
        dataplane.deleteElements([{ set: before, elements: elements() }]);
      }
    },
    beat(nowMs) {
      if (nowMs - beatMs < lifeMs / deadManLimits.beatsPerLife) return;
      beatMs = nowMs;
      fill();
    },
  };
}

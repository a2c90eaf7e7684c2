// Who is turned to the proxy, kept in sets of the kernel. With fail mode "open" the elements end by themselves unless they are refreshed: when this
// process is killed, its clients ask past it a little later, with nobody's help. With "closed" they stay.
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { NftElement } from "../../../core/policy/compile/nft/ruleset.ts";

export const deadManLimits = { lifeMs: 15_000, beatEveryMs: 5000 } as const;

export interface Turned {
  readonly set4: string;
  readonly set6: string;
  readonly addresses: readonly string[];
  /** Fail mode "open". */
  readonly isOpen: boolean;
}

export interface DeadMan {
  /** Makes the sets' elements these; undefined: the sets are gone, nothing is to be done. Throws what the dataplane throws. */
  set(turned: Turned | undefined): void;
  /** Refreshes what would end. */
  beat(nowMs: number): void;
  /** The sets were lost: fills them again. */
  refill(): void;
}

export function createDeadMan(dataplane: Pick<Dataplane, "addElements" | "deleteElements">): DeadMan {
  let now: Turned | undefined;
  let beatMs = 0;
  const entries = (turned: Turned, addresses: readonly string[], timeoutMs?: number) => {
    const element = (address: string): NftElement => ({
      key: [address],
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    const isV6 = (address: string) => address.includes(":");
    return [
      { set: turned.set4, elements: addresses.filter((address) => !isV6(address)).map(element) },
      { set: turned.set6, elements: addresses.filter(isV6).map(element) },
    ].filter(({ elements }) => elements.length > 0);
  };
  const fill = (turned: Turned) => {
    const missing = entries(turned, turned.addresses, turned.isOpen ? deadManLimits.lifeMs : undefined);
    if (missing.length > 0) dataplane.addElements(missing);
  };
  return {
    set(turned) {
      const before = now;
      now = turned;
      if (turned === undefined) return;
      const wanted = new Set(turned.addresses);
      // An element with another kind of end is made anew.
      const isSameKind = before !== undefined && before.isOpen === turned.isOpen && before.set4 === turned.set4;
      const gone =
        before === undefined || before.set4 !== turned.set4
          ? []
          : before.addresses.filter((address) => !isSameKind || !wanted.has(address));
      const removed = entries(turned, gone);
      if (removed.length > 0) dataplane.deleteElements(removed);
      fill(turned);
    },
    beat(nowMs) {
      if (now?.isOpen !== true || nowMs - beatMs < deadManLimits.beatEveryMs) return;
      beatMs = nowMs;
      fill(now);
    },
    refill() {
      if (now !== undefined) fill(now);
    },
  };
}

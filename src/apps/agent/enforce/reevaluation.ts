// With `onPolicyChange: reevaluate`: connections that the policies in force would not let begin are cut, after a change of policies and, for the ends
// that a change of the world is about, after that as well: a pod that is relabelled loses what its new labels do not allow.
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import { closedNow, type LiveLook } from "./judge-live.ts";
import { enforceLimits } from "./limits.ts";
import type { WorldChange } from "./world-book.ts";

export interface Reevaluation {
  /** Cuts all that the policies close, at once; returns how many. Throws what the dataplane throws. */
  cutAll(engine: PolicyEngine, live: LiveLook): number;
  /** Endpoints changed: their connections are due. */
  note(change: WorldChange): void;
  /** Cuts what is due; "later" when it was done a moment ago. */
  cutDue(engine: PolicyEngine, live: LiveLook, nowMs: number): number | "later";
  forget(): void;
}

export function createReevaluation(dataplane: Pick<Dataplane, "connections" | "cut">): Reevaluation {
  const addresses = new Set<string>();
  let isAll = false;
  let lastMs = -Infinity;

  function forget(): void {
    addresses.clear();
    isAll = false;
  }

  function cut(engine: PolicyEngine, live: LiveLook, closed: "denied" | "denied-or-unknown"): number {
    const { connections } = dataplane.connections(enforceLimits.connectionsMax);
    const due = isAll
      ? connections
      : connections.filter(({ source, realDestination }) => addresses.has(source) || addresses.has(realDestination));
    const found = closedNow(due, engine, { ...live, closed });
    return found.length === 0 ? 0 : dataplane.cut(found);
  }

  return {
    cutAll(engine, live) {
      isAll = true;
      const count = cut(engine, live, "denied-or-unknown");
      forget();
      return count;
    },
    note({ rest, addresses: touched }) {
      for (const address of touched) addresses.add(address);
      if (rest.namespaces !== undefined || rest.services !== undefined || rest.ranges !== undefined) isAll = true;
      if (addresses.size > enforceLimits.reevaluateAddressesMax) isAll = true;
    },
    cutDue(engine, live, nowMs) {
      if (!isAll && addresses.size === 0) return 0;
      if (nowMs >= lastMs && nowMs - lastMs < enforceLimits.reevaluateEveryMs) return "later";
      lastMs = nowMs;
      // A server that is away makes much unknown at once: that ends no connection.
      const count = cut(engine, live, "denied");
      forget();
      return count;
    },
    forget,
  };
}

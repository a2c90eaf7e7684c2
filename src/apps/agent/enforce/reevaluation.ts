// With `onPolicyChange: reevaluate`: connections that the policies in force would not let begin are cut, after a change of policies and, for the ends
// that a change of the world is about, after that as well: a pod that is relabelled loses what its new labels do not allow.
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import { closedNow, type LiveLook } from "./judge-live.ts";
import { enforceLimits } from "./limits.ts";
import type { WorldChange } from "./world-book.ts";

export interface Reevaluation {
  /** Connections that were cut. */
  readonly count: number;
  /** Cuts all that the policies close, at once. Throws what the dataplane throws. */
  cutAll(engine: PolicyEngine, live: LiveLook): void;
  /** Endpoints changed: their connections are due. */
  note(change: WorldChange): void;
  /** Cuts what is due; "later" when it was done a moment ago. */
  cutDue(engine: PolicyEngine, live: LiveLook, nowMs: number): "done" | "later";
  forget(): void;
}

export function createReevaluation(dataplane: Pick<Dataplane, "connections" | "cut">): Reevaluation {
  const addresses = new Set<string>();
  let isAll = false;
  let lastMs = -Infinity;
  let count = 0;

  function forget(): void {
    addresses.clear();
    isAll = false;
  }

  function cut(engine: PolicyEngine, live: LiveLook, closed: "denied" | "denied-or-unknown"): void {
    const { connections } = dataplane.connections(enforceLimits.connectionsMax);
    const due = isAll
      ? connections
      : connections.filter(({ source, realDestination }) => addresses.has(source) || addresses.has(realDestination));
    const found = closedNow(due, engine, { ...live, closed });
    if (found.length > 0) count += dataplane.cut(found);
    forget();
  }

  return {
    get count() {
      return count;
    },
    cutAll(engine, live) {
      isAll = true;
      cut(engine, live, "denied-or-unknown");
    },
    note({ rest, addresses: touched }) {
      for (const address of touched) addresses.add(address);
      if (rest.namespaces !== undefined || rest.services !== undefined || rest.ranges !== undefined) isAll = true;
      if (addresses.size > enforceLimits.reevaluateAddressesMax) isAll = true;
    },
    cutDue(engine, live, nowMs) {
      if (!isAll && addresses.size === 0) return "done";
      if (nowMs >= lastMs && nowMs - lastMs < enforceLimits.reevaluateEveryMs) return "later";
      lastMs = nowMs;
      // A server that is away makes much unknown at once: that ends no connection.
      cut(engine, live, "denied");
      return "done";
    },
    forget,
  };
}

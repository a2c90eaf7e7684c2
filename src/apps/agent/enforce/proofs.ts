// Receipts of the policies in force: which are still to be fetched, and those that were. A receipt holds for the policy's text and the ends it was tried between.
import type { Clock } from "../../../base/clock.ts";
import type { ProbeEnd } from "./choose-probes.ts";
import type { InForce } from "./force.ts";
import { enforceLimits } from "./limits.ts";
import type { Prover } from "./prove.ts";
import type { PolicyReceipt } from "./statuses.ts";

interface Known extends PolicyReceipt {
  readonly digest: string;
  readonly ends: string;
}

export interface Proofs {
  /** Of the policy with this text; undefined while it is still to be fetched. */
  receiptOf(policy: string, digest: string | undefined): PolicyReceipt | undefined;
  /** Tries what is due, a round at most. "more": others wait. */
  fetch(inForce: InForce, ends: readonly ProbeEnd[]): Promise<"none" | "some" | "more">;
  clear(): void;
}

export function createProofs(prover: Prover, clock: Clock, notProvable: string): Proofs {
  const known = new Map<string, Known>();
  return {
    receiptOf(policy, digest) {
      const found = known.get(policy);
      return found?.digest === digest ? found : undefined;
    },
    async fetch({ intent, engine }, ends) {
      for (const policy of known.keys()) if (!intent.policyDigests.has(policy)) known.delete(policy);
      const between = ends.map(({ endpoint, addresses }) => `${endpoint} ${addresses.join(" ")}`).join("\n");
      const due = engine.set.policies.filter(({ id, staged }) => {
        if (staged !== undefined) return false;
        const before = known.get(id);
        if (before === undefined || before.digest !== intent.policyDigests.get(id)) return true;
        return before.because !== "" && before.ends !== between;
      });
      const some = due.slice(0, enforceLimits.proveAtOnceMax);
      if (some.length === 0) return "none";
      const proofs = notProvable === "" ? await prover.prove(engine, some, ends) : new Map<string, never>();
      for (const { id } of some) {
        const { probes, because } = proofs.get(id) ?? { probes: [], because: notProvable };
        const digest = intent.policyDigests.get(id) ?? "";
        known.set(id, { probes, because, digest, ends: between, timeMs: clock.nowMs() });
      }
      return due.length > some.length ? "more" : "some";
    },
    clear: () => known.clear(),
  };
}

// What the enforcer needs and what it promises to whoever runs it: the agent, or the command line in the foreground. enforcer.ts makes one.
import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { CompileSettings } from "../../../core/policy/compile/settings.ts";
import type { EnforcementStatus } from "../../../model/enforcement-status.ts";
import type { Resource, ResourceStatus } from "../../../model/resource.ts";
import type { Row } from "../../../model/table.ts";
import type { InForce } from "./force.ts";
import type { Intent } from "./intent.ts";
import type { PacketBook } from "./packet-book.ts";
import type { Prover } from "./prove.ts";
import type { SurroundingsOptions } from "./surroundings.ts";

export interface EnforcerOptions extends Pick<SurroundingsOptions, "node" | "world" | "book" | "look" | "namesOf"> {
  /** Where what must outlive a restart is kept. */
  readonly folder: string;
  /** Where the break-glass file is looked for; the same folder when absent. */
  readonly glassFolder?: string;
  readonly dataplane: Dataplane;
  readonly prover: Prover;
  readonly packets: PacketBook;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Why "enforced" is never said, e.g. "this node is simulated"; "" on a real one. */
  readonly notProvable: string;
  /** Statuses changed: a report is worth sending. */
  readonly onStatus: () => void;
  /** After each transaction: for whoever fills sets by names. */
  readonly onApplied?: (inForce: InForce) => void;
  /** The kernel's sets were lost and written anew. */
  readonly onRepaired?: () => void;
  readonly dnsSettings?: (intent: Intent) => CompileSettings["dns"];
  /** What else is wrong with enforcement here, e.g. a DNS proxy that is down. */
  readonly problems?: () => readonly string[];
  /** How the DNS proxy does; absent or undefined: there is none. */
  readonly dns?: () => NonNullable<EnforcementStatus["node"]>["dns"];
}

export interface Enforcer {
  /** All resources of this node, of whatever kind. */
  setResources(resources: readonly Resource[]): void;
  /** Identities changed; crowds of calls are one. */
  identitiesCame(): void;
  statuses(): readonly ResourceStatus[];
  takeGaps(nowMs: number): Row<"gaps">[];
  readonly inForce: InForce | undefined;
  /** Resolves when nothing is left to do: for tests, and for the command line in the foreground. */
  settled(): Promise<void>;
  /** Stops. What is in the kernel stays there, unless it shall be taken out. */
  close(kernel: "keep" | "withdraw"): Promise<void>;
}

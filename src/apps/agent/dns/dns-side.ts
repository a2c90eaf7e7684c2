// The agent's side of DNS rules: who may fill which set, the proxy that does it, its rows, and what becomes of names when it is gone.
// `createDnsSide` (create-dns-side.ts) makes one; agent/enforce owns it and calls `update` right after each `apply` of a ruleset.
import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { DnsClient, DomainSet } from "../../../core/policy/dns/domain-set.ts";
import type { Enforcement } from "../../../model/enforcement.ts";
import type { Subject } from "../../../model/identity.ts";
import type { Row } from "../../../model/table.ts";

/** Everything that policies say about names on this node. */
export interface DnsKnowledge {
  /** From the compiler. No sets: the proxy answers nobody. */
  readonly sets: readonly DomainSet[];
  /** Local endpoints with their addresses; others are never answered. */
  readonly clients: readonly DnsClient[];
  /** Prefixes and addresses of the cluster (pods, services, nodes): an answer that leads there is refused. */
  readonly clusterRanges: readonly string[];
  /** "10.96.0.10", "10.96.0.10:53", "[fd00::10]:53": whose answers are believed. `upstreamsOf` makes the list from settings. */
  readonly upstreams: readonly string[];
  readonly settings: Enforcement["dns"];
  /** Addresses that the compiler's rules turn questions to (`proxyAddresses`): a family that has one is listened at there only. */
  readonly listenAt?: readonly string[];
  /**
   * The compiler's `dnsLiveSet` when it compiled with fail mode "open": kept filled here while we serve, with elements that end soon after this
   * process does. Absent: the redirect does not depend on us.
   */
  readonly liveSet?: string;
}

export type DnsState =
  | { readonly state: "idle" }
  | { readonly state: "serving"; readonly port: number; readonly addresses: readonly string[] }
  /** Clients of DNS rules get no answers (closed), or ask past us and sets are filled no more (open). */
  | { readonly state: "down"; readonly sinceMs: number; readonly because: string };

export interface DnsSideOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where the compiler's redirect rule leads; 0 takes a free one (then compile with `DnsSide.port`). */
  readonly port: number;
  readonly dataplane: Pick<Dataplane, "addElements" | "deleteElements" | "listElements" | "connections" | "originalOf">;
  /** Addresses of this machine that redirected packets may arrive at; default: all of its interfaces but loopback. */
  readonly localAddresses?: () => readonly string[];
  /** How much longer than answers say elements live, in milliseconds; default 10 s. */
  readonly graceMs?: number;
  /** How long after our death the kernel stops to redirect, with fail mode "open"; default 15 s. */
  readonly liveMs?: number;
  /** Who a client is, for rows. */
  readonly subjectOf: (client: DnsClient) => Subject;
  readonly onRow: (row: Row<"dns_events">) => void;
  readonly onGap: (row: Row<"gaps">) => void;
  /** With fail mode "open" and no `liveSet`: take the redirect rule out while `down`, put it back when `serving`. */
  readonly onState: (state: DnsState) => void;
}

/** A row of the sensor that may tell the same look-up as the proxy did. */
export interface SensorLookup {
  readonly row: Row<"dns_events">;
  readonly clientAddress: string;
  readonly clientPort: number;
}

export interface DnsSide {
  /** The port it listens at once `update` gave it somebody to serve; before that the wanted one. */
  readonly port: number;
  readonly state: DnsState;
  /** Takes what is true now, opens or closes doors, and refills sets that are new from answers that still hold. Never rejects: see `state`. */
  update(knowledge: DnsKnowledge): Promise<void>;
  /** The kernel's sets were lost (foreign flush): fills them again from what is known. */
  refill(): void;
  /** True: the proxy told (or will tell) this look-up; the process of the sensor's row was taken over and that row is not to be sent. */
  isTwin(lookup: SensorLookup): boolean;
  /** Names that this endpoint had resolved to the address: `PolicyFlow.domains`. */
  namesOf(endpoint: string, address: string): readonly string[];
  /** Names that anybody here had resolved to the address, at most 16: an allowed address is shared by all of them. */
  sharedBy(address: string): readonly string[];
  /** Cumulative, by stable words: "dropped not-redirected", "refused rebinding", ... For metrics and statuses. */
  counters(): Readonly<Record<string, number>>;
  /** Tells rows that still wait for the sensor's, before the agent's last flush. */
  drain(): void;
  close(): Promise<void>;
}

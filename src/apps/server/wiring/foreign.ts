// Foreign telemetry into the same intake as agents' blocks; never what agents write, under their cluster.
import type { StateStore } from "../../../core/state/ports.ts";
import type { IdentitySource } from "../../../core/directory/identity-source.ts";
import { createBooks } from "../foreign/books.ts";
import type { Batch } from "../../../core/foreign/batch.ts";
import { foreignHandlers, takeAudit, type ForeignParts } from "../foreign/handlers.ts";
import type { ForeignHandlers } from "../parts.ts";

/** How old the list of agents' clusters may be: a request must not read every agent's report. */
const clustersMsMax = 5000;

export interface ForeignSideParts extends Pick<ForeignParts, "accept" | "clock" | "auditDetect"> {
  /** The cluster of this machine's agent: reserved before it has joined, too. */
  readonly ownCluster: string;
  readonly state: StateStore;
  readonly identities: IdentitySource;
}

export interface ForeignSide {
  readonly handlers: ForeignHandlers;
  /** What the audit door does with its events, for events that come another way. */
  readonly takeAudit: (cluster: string, items: Iterable<unknown>) => Promise<Batch>;
}

export function openForeign(parts: ForeignSideParts): ForeignHandlers {
  return openForeignSide(parts).handlers;
}

export function openForeignSide({ ownCluster, state, identities, ...rest }: ForeignSideParts): ForeignSide {
  let clusters: Promise<ReadonlySet<string>> | undefined;
  let readAtMs = 0;

  async function read(): Promise<ReadonlySet<string>> {
    return new Set([ownCluster, ...(await state.agents.list()).map(({ cluster }) => cluster)]);
  }

  const { clock } = rest;
  const parts: ForeignParts = {
    ...rest,
    books: createBooks(identities, clock),
    async isAgentCluster(cluster) {
      if (clusters === undefined || clock.nowMs() - readAtMs > clustersMsMax) {
        readAtMs = clock.nowMs();
        clusters = read();
        // A failed read is this caller's; the next one reads again.
        clusters.catch(() => (clusters = undefined));
      }
      return (await clusters).has(cluster);
    },
  };
  return { handlers: foreignHandlers(parts), takeAudit: (cluster, items) => takeAudit(parts, cluster, items) };
}

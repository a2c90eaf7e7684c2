// The port between who keeps a cluster's inventory and who tells identities on: agents' control streams, and the server's own look-ups.
import type { IdentityEntry } from "../../model/identity-entry.ts";

export interface IdentityChange {
  readonly put: readonly IdentityEntry[];
  /** Keys that ended, and when. */
  readonly ended: readonly { readonly key: string; readonly atMs: number }[];
}

export interface IdentitySnapshot {
  readonly entries: readonly IdentityEntry[];
  /** Why the inventory is not whole or not current; empty when it is. */
  readonly because: string;
  /** What ended lately, for facts of that time; of a hub's answer, not needed in what is given to it. */
  readonly ended?: readonly { readonly entry: IdentityEntry; readonly atMs: number }[];
}

export interface IdentitySource {
  /** undefined: nobody keeps an inventory of this cluster. */
  snapshot(cluster: string): IdentitySnapshot | undefined;
  /** Called after each change, in order; returns how to stop. A change of `because` alone comes with empty lists. */
  onChange(listener: (cluster: string, change: IdentityChange) => void): () => void;
}

export interface IdentityHub extends IdentitySource {
  /** The whole inventory of a cluster anew: what is not in it ended at `atMs`. */
  reset(cluster: string, snapshot: IdentitySnapshot, atMs: number): void;
  change(cluster: string, change: IdentityChange): void;
  /** Says why a cluster's inventory is not whole or not current; empty: it is. */
  explain(cluster: string, because: string): void;
  forget(cluster: string): void;
}

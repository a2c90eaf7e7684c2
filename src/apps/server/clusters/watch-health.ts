// How well each resource of a cluster is watched: its gaps as the cluster shows them, and rows for the times in which nobody could look.
import type { Clock } from "../../../base/clock.ts";
import { formatInstant } from "../../../base/instant.ts";
import type { ResourceReport, ResourceState } from "../../../edge/kube/watch-resource.ts";
import type { WatchedKind } from "../../../edge/kube/resources.ts";
import type { Cluster } from "../../../model/cluster.ts";
import type { Row } from "../../../model/table.ts";
import { clusterLimits } from "./limits.ts";

interface Watched {
  state: ResourceState;
  resource: string;
  because: string;
  sinceMs: number;
  /** Since when it is not known what happens; undefined while it is. */
  downSinceMs: number | undefined;
  /** Whether a whole list came, ever. */
  wasListed: boolean;
}

export interface WatchHealth {
  report(kind: WatchedKind, report: ResourceReport): void;
  /** The kind was listed anew, or its watch goes on. */
  current(kind: WatchedKind): void;
  /** The server is away (or back): every resource is. */
  serverAway(because: string): void;
  readonly gaps: Cluster["gaps"];
  /** "pods: forbidden; ..." or "". Policies are left out: who is who does not depend on them. */
  readonly because: string;
  gapOf(kind: WatchedKind): string;
  /** Whether every kind has said how it is. */
  isSettled(): boolean;
  /** Whether a whole list of it is known; not of what the server does not have any more. */
  isListed(kind: WatchedKind): boolean;
  /** Whether anything at all is read. */
  readsAnything(): boolean;
  /** Gap rows that are due: of watches that came back, and pieces of those that are still down. */
  gapRows(): readonly Row<"gaps">[];
}

export function createWatchHealth(kinds: readonly WatchedKind[], clock: Clock): WatchHealth {
  return new Health(kinds, clock);
}

class Health implements WatchHealth {
  readonly #kinds: readonly WatchedKind[];
  readonly #clock: Clock;
  readonly #watched = new Map<WatchedKind, Watched>();
  #rows: Row<"gaps">[] = [];

  constructor(kinds: readonly WatchedKind[], clock: Clock) {
    this.#kinds = kinds;
    this.#clock = clock;
  }

  report(kind: WatchedKind, { state, resource, because }: ResourceReport): void {
    const nowMs = this.#clock.nowMs();
    const known = this.#watched.get(kind);
    if (known === undefined) {
      const wasListed = state === "current";
      this.#watched.set(kind, { state, resource, because, sinceMs: nowMs, downSinceMs: undefined, wasListed });
      return;
    }
    if (state === "current") {
      known.wasListed = true;
      this.#end(kind, known, nowMs);
    } else if (known.wasListed) known.downSinceMs ??= nowMs;
    // A list that is tried anew says nothing until it is whole.
    if (state === "listing" && known.state !== "current") return;
    if (known.state !== state || known.resource !== resource) known.sinceMs = nowMs;
    Object.assign(known, { state, resource, because });
  }

  current(kind: WatchedKind): void {
    const known = this.#watched.get(kind);
    if (known !== undefined) this.#end(kind, known, this.#clock.nowMs());
  }

  serverAway(because: string): void {
    const nowMs = this.#clock.nowMs();
    for (const known of this.#watched.values()) {
      if (!known.wasListed) continue;
      known.downSinceMs ??= nowMs;
      if (known.state === "current") Object.assign(known, { because });
    }
  }

  #end(kind: WatchedKind, known: Watched, nowMs: number): void {
    if (known.downSinceMs === undefined) return;
    const durationMs = nowMs - known.downSinceMs;
    if (durationMs >= clusterLimits.gapMsMin && kind !== "NetworkPolicy")
      this.#rows.push(gapRow(kind, known, known.downSinceMs, durationMs));
    known.downSinceMs = undefined;
  }

  get gaps(): Cluster["gaps"] {
    return [...this.#watched.values()].flatMap(({ state, resource, because, sinceMs }) =>
      state === "current" || state === "listing" ? [] : [{ resource, state, because, since: formatInstant(sinceMs) }],
    );
  }

  get because(): string {
    return [...this.#watched]
      .filter(([kind, { state }]) => kind !== "NetworkPolicy" && (state === "forbidden" || state === "failing"))
      .map(([, { resource, state }]) => `${resource}: ${state}`)
      .join("; ");
  }

  gapOf(kind: WatchedKind): string {
    const known = this.#watched.get(kind);
    if (known === undefined || (known.state === "listing" && !known.wasListed)) return "it has not been listed yet";
    if (known.state === "current" || known.state === "listing") return "";
    return `${known.resource}: ${known.state}${known.because === "" ? "" : `, ${known.because}`}`;
  }

  isSettled(): boolean {
    // Policies make nobody wait: no row and no identity comes of them.
    const kinds = this.#kinds.filter((kind) => kind !== "NetworkPolicy");
    return kinds.every((kind) => (this.#watched.get(kind)?.state ?? "listing") !== "listing");
  }

  isListed(kind: WatchedKind): boolean {
    const known = this.#watched.get(kind);
    return known !== undefined && known.wasListed && known.state !== "absent";
  }

  readsAnything(): boolean {
    return [...this.#watched].some(
      ([kind, { state }]) => kind !== "NetworkPolicy" && (state === "current" || state === "listing"),
    );
  }

  gapRows(): readonly Row<"gaps">[] {
    const nowMs = this.#clock.nowMs();
    for (const [kind, known] of this.#watched) {
      if (
        kind === "NetworkPolicy" ||
        known.downSinceMs === undefined ||
        nowMs - known.downSinceMs < clusterLimits.gapPieceMs
      )
        continue;
      this.#rows.push(gapRow(kind, known, known.downSinceMs, nowMs - known.downSinceMs));
      known.downSinceMs = nowMs;
    }
    const due = this.#rows;
    this.#rows = [];
    return due;
  }
}

function gapRow(kind: WatchedKind, { resource, because }: Watched, time: number, durationMs: number): Row<"gaps"> {
  return {
    time,
    durationMs,
    table: kind === "Event" ? "kubernetes_events" : "inventory_events",
    reason: "inventory-down",
    rows: 0,
    counted: "no",
    detail: because === "" ? resource : `${resource}: ${because}`.slice(0, 1000),
  };
}

// The server's resources go to the parts that they concern, all of them to each; what each part made of its own comes back as one list.
import type { Resource, ResourceStatus } from "../../model/resource.ts";
import type { VisibilityBook } from "./visibility.ts";

export interface ResourceTaker {
  /** The node's whole set; the part picks its kinds. */
  setResources(resources: readonly Resource[], nowMs: number): void;
  statuses(): readonly ResourceStatus[];
}

export interface ResourceTakers {
  take(resources: readonly Resource[], nowMs: number): void;
  statuses(): readonly ResourceStatus[];
}

/** Kinds that no taker has are the visibility book's, which refuses those it does not know. In the order given. */
export function createResourceTakers(
  visibility: Pick<VisibilityBook, "apply">,
  kindsTaken: readonly string[],
  takers: readonly ResourceTaker[],
): ResourceTakers {
  let seen: readonly ResourceStatus[] = [];
  return {
    take(resources, nowMs) {
      seen = visibility.apply(resources.filter(({ kind }) => !kindsTaken.includes(kind)));
      for (const taker of takers) taker.setResources(resources, nowMs);
    },
    statuses: () => [...seen, ...takers.flatMap((taker) => taker.statuses())],
  };
}

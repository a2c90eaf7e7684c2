// The things of a world as dense numbers (slots): what bit sets, classes and walks speak of. Endpoints, host endpoints and network sets share one space.
import type { EndpointKind, HostEndpoint, NamedPort, NetworkSet } from "../model.ts";
import type { WorldEndpoint } from "../world.ts";
import type { PolicyGroup } from "./groups.ts";
import type { LabelMap } from "./labels.ts";
import type { End } from "./question.ts";

export const kindBits = {
  workload: 1,
  hostNetwork: 2,
  hostEndpoint: 4,
  node: 8,
  networkSet: 16,
} as const satisfies Record<EndpointKind, number>;

/** What rules' selectors look at when they do not say otherwise. */
export const peerKinds = kindBits.workload | kindBits.hostEndpoint | kindBits.networkSet;

export function maskOf(kinds: readonly EndpointKind[]): number {
  let mask = 0;
  for (const kind of kinds) mask |= kindBits[kind];
  return mask;
}

export interface Row {
  readonly slot: number;
  readonly id: string;
  readonly kind: EndpointKind;
  labels: LabelMap;
  /** Canonical; of network sets the prefixes as written. */
  readonly addresses: readonly string[];
  readonly ports: readonly NamedPort[];
  /** The node it is on, or is; "" when not known. */
  readonly node: string;
  /** Names of profiles asked after all tiers, joined; rows with the same share programs. */
  readonly profiles: string;
  /** Why its labels are not known; "" when they are. */
  vague: string;
  endpoint: WorldEndpoint | undefined;
  readonly host: HostEndpoint | undefined;
  readonly set: NetworkSet | undefined;
  /** Positions of the policies that select it, ascending. */
  policies: number[];
  /** Those policies as shared by all rows that have the same; undefined for what policies never apply to. */
  group: PolicyGroup | undefined;
  /** As an end of a flow by its first address; undefined: to be resolved anew. Kept by ends.ts. */
  end: End | undefined;
}

export interface RowTable {
  readonly capacity: number;
  readonly size: number;
  get(id: string): Row | undefined;
  at(slot: number): Row | undefined;
  all(): Iterable<Row>;
  /** Takes the lowest free slot; `onGrow` is told first when there is none. */
  add(make: (slot: number) => Row): Row;
  remove(row: Row): void;
}

const capacityFirst = 1024;

export function createRowTable(onGrow: (capacity: number) => void): RowTable {
  const byId = new Map<string, Row>();
  const slots: (Row | undefined)[] = [];
  const free: number[] = [];
  let capacity = capacityFirst;
  return {
    get capacity() {
      return capacity;
    },
    get size() {
      return byId.size;
    },
    get: (id) => byId.get(id),
    at: (slot) => slots[slot],
    all: () => byId.values(),
    add(make) {
      const slot = free.pop() ?? slots.length;
      if (slot >= capacity) {
        capacity *= 2;
        onGrow(capacity);
      }
      const row = make(slot);
      slots[slot] = row;
      byId.set(row.id, row);
      return row;
    },
    remove(row) {
      byId.delete(row.id);
      slots[row.slot] = undefined;
      free.push(row.slot);
    },
  };
}

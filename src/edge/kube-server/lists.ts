// Lists, whole or in pages. A page's continue token names a frozen snapshot: later pages show what was there at the first one.
import { randomBytes } from "node:crypto";
import { apiVersionOf, type ResourceType } from "./resource-types.ts";
import type { Matcher } from "./selectors.ts";
import { badRequest, expired } from "./status.ts";
import type { KubeStore, StoredObject } from "./store.ts";

export const listLimits = {
  /** Snapshots of unfinished lists; the oldest leaves and its token is expired (410). */
  snapshotsMax: 64,
  pageMax: 10_000,
} as const;

export interface ListQuery {
  readonly type: ResourceType;
  readonly namespace: string;
  readonly matchers: readonly Matcher[];
  /** 0: no limit. */
  readonly limit: number;
  readonly continueToken: string;
}

interface Snapshot {
  readonly revision: number;
  readonly rest: readonly StoredObject[];
}

export interface Lists {
  /** The list's JSON, put together from the objects' own. Throws 400 and 410. */
  page(query: ListQuery): string;
  /** Forgets unfinished lists. */
  compact(): void;
}

export function createLists(store: KubeStore): Lists {
  const snapshots = new Map<string, Snapshot>();

  function snapshotOf({ type, namespace, matchers, continueToken }: ListQuery): Snapshot {
    if (continueToken === "") {
      const all = store.list(type, namespace);
      const rest =
        matchers.length === 0 ? all : all.filter(({ object }) => matchers.every((matches) => matches(object)));
      return { revision: store.revision, rest };
    }
    if (!/^[\w-]{8,64}$/.test(continueToken)) throw badRequest("invalid continue token: continue key is not valid");
    const known = snapshots.get(continueToken);
    if (known === undefined) {
      throw expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
      );
    }
    return known;
  }

  return {
    compact: () => snapshots.clear(),
    page(query) {
      const { revision, rest } = snapshotOf(query);
      const limit = query.limit <= 0 ? rest.length : Math.min(query.limit, listLimits.pageMax);
      const items = rest.slice(0, limit);
      const left = rest.slice(limit);
      let token = "";
      if (left.length > 0) {
        token = randomBytes(18).toString("base64url");
        snapshots.set(token, { revision, rest: left });
        for (const oldest of snapshots.keys()) {
          if (snapshots.size <= listLimits.snapshotsMax) break;
          snapshots.delete(oldest);
        }
      }
      const more = token === "" ? "" : `,"continue":"${token}","remainingItemCount":${left.length}`;
      const head = `{"kind":"${query.type.kind}List","apiVersion":"${apiVersionOf(query.type)}","metadata":{"resourceVersion":"${revision}"${more}},"items":[`;
      return `${head}${items.map((stored) => stored.json()).join(",")}]}`;
    },
  };
}

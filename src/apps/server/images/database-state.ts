// The advisory database as answers show it: what it is, how old its feeds are, and how far a rematch got.
import type { DatabaseState } from "../contract/image-shapes.ts";
import type { ImageDesk } from "./desk.ts";

export function databaseStateOf({ advisories, matching }: Pick<ImageDesk, "advisories" | "matching">): DatabaseState {
  const { database, because } = advisories;
  const { progress } = matching;
  return {
    digest: database?.digest ?? "",
    builtAt: database?.builtAt ?? "",
    because,
    feeds: (database?.feeds ?? []).map((feed) => ({
      ...feed,
      ecosystems: [...feed.ecosystems],
      refusedBecause: [...feed.refusedBecause],
    })),
    ...(progress === undefined ? {} : { rematch: progress }),
  };
}

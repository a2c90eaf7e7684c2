// Which aggregation level each reporter group is at. Climbs when the rows of a window reach the budget, the noisiest first; comes down
// one level per quiet window.
import { flowLevelMax } from "./flow-key.ts";

export const flowLevelDefault = 2;

export interface LevelBook {
  levelOf(group: string): number;
  /** One more (or fewer) entry of this group. */
  count(group: string, change: 1 | -1): void;
  /** Raises the group with most entries that can still climb; returns it, or undefined when none can. */
  climb(): { readonly group: string; readonly level: number } | undefined;
  /** After a quiet window. */
  relax(): void;
  readonly climbed: number;
}

export function createLevelBook(): LevelBook {
  const levels = new Map<string, number>();
  const entries = new Map<string, number>();
  return {
    get climbed() {
      return levels.size;
    },
    levelOf: (group) => levels.get(group) ?? flowLevelDefault,
    count(group, change) {
      const next = (entries.get(group) ?? 0) + change;
      if (next <= 0) entries.delete(group);
      else entries.set(group, next);
    },
    climb() {
      let noisiest: string | undefined;
      let most = 1;
      for (const [group, count] of entries) {
        if (count <= most || (levels.get(group) ?? flowLevelDefault) >= flowLevelMax) continue;
        noisiest = group;
        most = count;
      }
      if (noisiest === undefined) return undefined;
      const level = (levels.get(noisiest) ?? flowLevelDefault) + 1;
      levels.set(noisiest, level);
      return { group: noisiest, level };
    },
    relax() {
      for (const [group, level] of levels) {
        if (level - 1 <= flowLevelDefault) levels.delete(group);
        else levels.set(group, level - 1);
      }
    },
  };
}

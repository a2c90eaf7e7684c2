// A dataplane that touches nothing: what would be in the kernel is kept in memory. For previews, and for tests of those who use a dataplane.
import type { Clock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import type {
  ApplyReport,
  Dataplane,
  PacketBatch,
  ReadBack,
  TrackedConnection,
} from "../../../core/policy/compile/dataplane.ts";
import type { NftElement, NftRuleset } from "../../../core/policy/compile/nft/ruleset.ts";
import { differenceOf, elementCounts, isEmpty } from "../nftables/difference.ts";

export interface DryRunOptions {
  readonly clock: Clock;
  /** What the kernel would be tracking. */
  readonly connections?: readonly TrackedConnection[];
}

export interface DryRun extends Dataplane {
  /** What was applied last; undefined when nothing was, or after remove(). */
  applied(): NftRuleset | undefined;
  /** Acts as somebody else who removes the table; watchers are told. */
  removeAsStranger(): void;
  /** Acts as the kernel that reports packets. */
  report(batch: PacketBatch): void;
  isClosed(): boolean;
}

interface Kept {
  readonly element: NftElement;
  readonly endsMs: number;
}

type Elements = Pick<Dataplane, "addElements" | "deleteElements" | "listElements">;

function textOf(element: NftElement): string {
  return JSON.stringify(element.key);
}

/** Elements added at run time, by set; they end by the clock. */
function createElements(
  clock: Clock,
  applied: () => NftRuleset | undefined,
): Elements & { keepOnly(names: Set<string>): void } {
  const sets = new Map<string, Map<string, Kept>>();
  function setOf(name: string): Map<string, Kept> {
    if (applied()?.sets.some((set) => set.name === name) !== true) {
      throw new Fault(`no set ${name} in the table`, { code: "dataplane/no-set", kind: "not-found", where: name });
    }
    const found = sets.get(name) ?? new Map<string, Kept>();
    sets.set(name, found);
    return found;
  }
  return {
    keepOnly: (names) => {
      for (const name of sets.keys()) if (!names.has(name)) sets.delete(name);
    },
    addElements: (entries) => {
      for (const { set, elements } of entries) {
        const kept = setOf(set);
        for (const element of elements) {
          const endsMs = element.timeoutMs === undefined ? Infinity : clock.nowMs() + element.timeoutMs;
          kept.set(textOf(element), { element, endsMs });
        }
      }
    },
    deleteElements: (entries) => {
      for (const { set, elements } of entries) for (const element of elements) setOf(set).delete(textOf(element));
    },
    listElements: (name) => {
      const added = setOf(name);
      for (const [text, kept] of added) if (kept.endsMs <= clock.nowMs()) added.delete(text);
      const own = applied()?.sets.find((set) => set.name === name)?.elements ?? [];
      const left = [...added.values()].map(({ element, endsMs }) =>
        endsMs === Infinity ? element : { ...element, timeoutMs: endsMs - clock.nowMs() },
      );
      return [...own, ...left];
    },
  };
}

/** Starts empty. Faults as the real one: "dataplane/no-set". */
export function openDryRun(options: DryRunOptions): DryRun {
  const { clock } = options;
  let applied: NftRuleset | undefined;
  let generation = 1;
  let isClosed = false;
  let connections = options.connections ?? [];
  const elements = createElements(clock, () => applied);
  const watchers = new Set<(change: { readonly timeMs: number; readonly what: string }) => void>();
  const readers = new Set<(batch: PacketBatch) => void>();
  const remove = (): void => {
    applied = undefined;
    elements.keepOnly(new Set());
  };

  return {
    ...elements,
    remove,
    apply: (ruleset) => {
      const report = reportOf(applied, ruleset);
      if (report.how !== "nothing") generation += 1;
      applied = ruleset;
      elements.keepOnly(new Set(ruleset.sets.map((set) => set.name)));
      return { ...report, kernelGeneration: generation };
    },
    readBack: (ruleset) => compare(applied, ruleset),
    counters: () => [],
    connections: (max) => ({
      connections: connections.slice(0, max),
      more: Math.max(0, connections.length - max),
    }),
    originalOf: () => undefined,
    cut: (given) => {
      const before = connections.length;
      connections = connections.filter((one) => !given.includes(one));
      return before - connections.length;
    },
    watch: (onForeign) => {
      watchers.add(onForeign);
      return () => void watchers.delete(onForeign);
    },
    packets: async (onBatch) => {
      readers.add(onBatch);
      return async () => void readers.delete(onBatch);
    },
    close: () => {
      isClosed = true;
    },
    applied: () => applied,
    removeAsStranger: () => {
      remove();
      for (const watcher of watchers) watcher({ timeMs: clock.nowMs(), what: "table removed" });
    },
    report: (batch) => {
      for (const reader of readers) reader(batch);
    },
    isClosed: () => isClosed,
  };
}

function compare(applied: NftRuleset | undefined, ruleset: NftRuleset): ReadBack {
  if (applied === undefined) {
    return { isThere: false, digest: "", differences: [`table ${ruleset.table.name} is not there`] };
  }
  const isSame = isEmpty(differenceOf(applied, ruleset));
  const differences = isSame ? [] : [`what was applied has the digest ${applied.digest}`];
  return { isThere: true, digest: applied.digest, differences };
}

function reportOf(before: NftRuleset | undefined, after: NftRuleset): Omit<ApplyReport, "kernelGeneration"> {
  if (before === undefined) {
    return {
      how: "full",
      elementsAdded: after.sets.reduce((sum, set) => sum + (set.isDynamic === true ? 0 : set.elements.length), 0),
      elementsDeleted: 0,
      chainsWritten: after.chains.length,
      setsAdded: after.sets.length,
      setsDeleted: 0,
    };
  }
  const difference = differenceOf(before, after);
  const counts = elementCounts(difference);
  return {
    how: isEmpty(difference) ? "nothing" : "difference",
    elementsAdded: counts.added,
    elementsDeleted: counts.deleted,
    chainsWritten: difference.chainsChanged.length + difference.chainsReplaced.length + difference.chainsNew.length,
    setsAdded: difference.setsNew.length + difference.setsReplaced.length,
    setsDeleted: difference.setsGone.length + difference.setsReplaced.length,
  };
}

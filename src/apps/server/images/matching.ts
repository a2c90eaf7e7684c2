// Matches what is not matched with the database that is there: each distinct package once, in slices, so that the server answers meanwhile. No image is pulled or opened for it.
import { setImmediate as breathe } from "node:timers/promises";
import { toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { ImageRecords, StoredSubject } from "../../../core/state/image-ports.ts";
import type { AdvisoryDatabase } from "../../../core/vuln/advisory.ts";
import { matchSubject } from "../../../core/vuln/match/match-subject.ts";
import type { ImageIndex } from "./image-index.ts";
import { deskLimits } from "./limits.ts";
import type { Results, SubjectOutcome } from "./results.ts";

export interface MatchingParts {
  readonly records: Pick<ImageRecords, "subjects">;
  readonly index: ImageIndex;
  readonly results: Results;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

export interface Matching {
  /** Matches these subjects now: an image that was just put. */
  matchNow(subjects: readonly StoredSubject[], database: AdvisoryDatabase): Promise<void>;
  /** Brings everything to this database; a later call takes the place of one that is going on. */
  rematch(database: AdvisoryDatabase): Promise<void>;
  /** Ends a rematch at its next slice; what is not matched is matched by the next start. */
  stop(): void;
  readonly progress: { readonly done: number; readonly total: number } | undefined;
}

export function createMatching({ records, index, results, logger, nowMs }: MatchingParts): Matching {
  let progress: { done: number; total: number } | undefined;
  let round = 0;

  async function matchSome(subjects: readonly StoredSubject[], database: AdvisoryDatabase): Promise<void> {
    const outcomes: { id: number; outcome: SubjectOutcome }[] = [];
    let sliceEndMs = performance.now() + deskLimits.matchSliceMs;
    for (const subject of subjects) {
      outcomes.push({ id: subject.id, outcome: outcomeOf(subject, database) });
      if (performance.now() < sliceEndMs) continue;
      await breathe();
      sliceEndMs = performance.now() + deskLimits.matchSliceMs;
    }
    await results.put(outcomes, database.digest);
  }

  /** A package that cannot be matched is a gap of itself; the others go on. */
  function outcomeOf(subject: StoredSubject, database: AdvisoryDatabase): SubjectOutcome {
    try {
      return matchSubject(subject, database, { nowMs: nowMs() });
    } catch (thrown) {
      const because = toFault(thrown).message;
      logger.warn({ package: subject.package.name, error: because }, "a package could not be matched");
      return {
        matches: [],
        gaps: [{ kind: "feed-missing", layer: -1, subject: subject.package.name, because, count: 1 }],
      };
    }
  }

  return {
    matchNow: matchSome,
    async rematch(database) {
      round += 1;
      const mine = round;
      const old = [...index.subjects()].filter((id) => results.get(id)?.database !== database.digest);
      if (old.length === 0) return;
      const wanted = new Set(old);
      progress = { done: 0, total: old.length };
      const startedMs = performance.now();
      const isMine = (): boolean => mine === round;
      for (let after = 0; isMine();) {
        const subjects = await records.subjects(after, deskLimits.subjectsPerRead);
        const last = subjects.at(-1);
        if (last === undefined) break;
        after = last.id;
        const some = subjects.filter(({ id }) => wanted.has(id));
        await matchSome(some, database);
        progress = { done: progress.done + some.length, total: old.length };
      }
      if (!isMine()) return;
      progress = undefined;
      const ms = Math.round(performance.now() - startedMs);
      logger.info({ packages: old.length, ms, database: database.digest }, "packages were matched with a new database");
    },
    stop: () => void (round += 1),
    get progress() {
      return progress;
    },
  };
}

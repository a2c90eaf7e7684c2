// The images' side of the server: keeps analyses, matches them, and judges one image at a time. Lists and screens are made from it (list-*.ts, one-image.ts).
import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/logger.ts";
import type { ImageRecord, ImageRecords, StoredSubject } from "../../../core/state/image-ports.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { RiskCounts } from "../contract/image-shapes.ts";
import { analysisCache, type AnalysisCache } from "./analysis-cache.ts";
import { type Advisories, type AdvisoriesParts, startAdvisories } from "./advisories.ts";
import { createExceptionBook, type ExceptionBook } from "./exception-book.ts";
import { createImageIndex, type ImageIndex } from "./image-index.ts";
import { countRisk, type Judged, judge, type NamedException } from "./judge.ts";
import { createMatching, type Matching } from "./matching.ts";
import { packAnalysis } from "./packing.ts";
import { createResults, type Results } from "./results.ts";
import { recordOf, refuseLessTrust, type Submission, trustOf } from "./record.ts";
import { subjectsOf } from "./subjects.ts";
import { createSurroundings, type RunningImage, type Surroundings, type SurroundingsParts } from "./surroundings.ts";

export interface DeskParts extends SurroundingsParts {
  readonly config: AdvisoriesParts["config"];
  readonly state: Pick<StateStore, "images" | "resources">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One image with everything that is known of it. */
export interface OpenedImage extends Judged {
  readonly record: ImageRecord;
  readonly analysis: ImageAnalysis;
  readonly running: readonly RunningImage[];
  readonly risk: RiskCounts;
}

export interface ImageDesk extends AsyncDisposable {
  readonly index: ImageIndex;
  readonly results: Results;
  readonly matching: Matching;
  readonly advisories: Advisories;
  readonly exceptions: ExceptionBook;
  nowMs(): number;
  surroundings(): Promise<Surroundings>;
  /** Keeps an analysis and matches it with the database that is there. Throws Fault "images/less-trusted" when a better one of the same digest is kept. */
  submit(analysis: ImageAnalysis, submission: Submission): Promise<ImageRecord>;
  remove(digest: string): Promise<boolean>;
  /** Undefined: no such analysis. */
  open(digest: string): Promise<OpenedImage | undefined>;
  analysis(digest: string): Promise<ImageAnalysis | undefined>;
  /** Resolves when no rematch is going on. */
  settled(): Promise<void>;
  /** Resolves when what is stored is read and the database was looked at. */
  readonly ready: Promise<void>;
}

/** What runs under this record: a runtime may know it by any of its names. */
export function runningOf(record: ImageRecord, { running }: Surroundings, index: ImageIndex): readonly RunningImage[] {
  return running.filter(({ digest, name }) => index.ofRunning({ digest, name })?.digest === record.digest);
}

export function openImageDesk(parts: DeskParts): ImageDesk {
  const { state, clock, logger } = parts;
  const records = state.images;
  const index = createImageIndex();
  const results = createResults(records);
  const matching = createMatching({ records, index, results, logger, nowMs: () => clock.nowMs() });
  const surroundings = createSurroundings(parts);
  const exceptions = createExceptionBook(state.resources);
  const rematching = new Set<Promise<void>>();
  const loaded = loadKept(records, index, results);
  const advisories = startAdvisories({
    config: parts.config,
    logger,
    onChange(database) {
      const failed = (error: unknown): void => logger.error({ error }, "packages could not be matched anew");
      const round = loaded.then(() => matching.rematch(database)).catch(failed);
      rematching.add(round);
      void round.finally(() => rematching.delete(round));
    },
  });
  const ready = loaded.then(() => advisories.look());
  const held: Held = {
    parts,
    index,
    results,
    matching,
    advisories,
    opened: analysisCache((digest) => records.analysis(digest)),
  };
  return {
    index,
    results,
    matching,
    advisories,
    exceptions,
    ready,
    nowMs: () => clock.nowMs(),
    async settled() {
      while (rematching.size > 0) await Promise.all(rematching);
    },
    surroundings: () => surroundings.now(),
    analysis: (digest) => held.opened.get(digest),
    submit: (analysis, submission) => ready.then(() => submit(held, analysis, submission)),
    async remove(digest) {
      await ready;
      held.opened.forget(digest);
      index.remove(digest);
      return records.remove(digest);
    },
    async open(digest) {
      await ready;
      return openOne(held, digest, { around: await surroundings.now(), exceptions: await exceptions.all() });
    },
    async [Symbol.asyncDispose]() {
      exceptions[Symbol.dispose]();
      await ready.catch(() => undefined);
      matching.stop();
      await Promise.all(rematching);
      await advisories[Symbol.asyncDispose]();
    },
  };
}

async function loadKept(records: ImageRecords, index: ImageIndex, results: Results): Promise<void> {
  for (const record of await records.list()) index.put(record);
  // Packages of images that were removed: nobody submits before this is done.
  await records.sweepSubjects(new Set(index.subjects()));
  await results.load(index.subjects());
}

interface Held extends Pick<ImageDesk, "index" | "results" | "matching" | "advisories"> {
  readonly parts: DeskParts;
  readonly opened: AnalysisCache;
}

async function submit(held: Held, analysis: ImageAnalysis, { author, how }: Submission): Promise<ImageRecord> {
  const { index, results, matching, opened } = held;
  const { state, clock } = held.parts;
  const trust = trustOf(analysis, how);
  refuseLessTrust(index.find(analysis.digest), { digest: analysis.digest, trust });
  const subjects = await subjectsOf(analysis);
  const ids = await state.images.subjectIds(subjects);
  const record = recordOf(analysis, { ids, author, trust, nowMs: clock.nowMs(), known: index.find(analysis.digest) });
  await state.images.put(record, await packAnalysis(analysis));
  opened.forget(record.digest);
  index.put(record);
  const { database } = held.advisories;
  if (database === undefined) return record;
  const unmatched = new Map<number, StoredSubject>();
  subjects.forEach(({ subject }, at) => {
    const id = ids[at] ?? 0;
    if (results.get(id)?.database !== database.digest) unmatched.set(id, { id, ...subject });
  });
  await matching.matchNow([...unmatched.values()], database);
  return record;
}

async function openOne(
  { parts, index, results, opened, advisories }: Held,
  digest: string,
  { around, exceptions }: { readonly around: Surroundings; readonly exceptions: readonly NamedException[] },
): Promise<OpenedImage | undefined> {
  const record = index.find(digest);
  const analysis = record === undefined ? undefined : await opened.get(record.digest);
  if (record === undefined || analysis === undefined) return undefined;
  const running = runningOf(record, around, index);
  const names = [...running.map((each) => each.digest), record.digest, ...record.otherDigests, ...record.references];
  const judged = judge({
    record,
    analysis,
    outcomes: await results.whole([...record.subjects]),
    instances: running.flatMap(({ instances }) => instances),
    use: around.useOf(names),
    useBecause: around.useBecause,
    exceptions,
    database: advisories.database,
    nowMs: parts.clock.nowMs(),
  });
  return { record, analysis, running, ...judged, risk: countRisk(judged.matches) };
}

// The images' side of the server: keeps analyses, matches them, and judges one image at a time. Lists and screens are made from it (list-*.ts, one-image.ts).
import type { Clock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { ImageRecord } from "../../../core/state/image-ports.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { RiskCounts } from "../contract/images.ts";
import { advisoriesFolder, type Advisories, startAdvisories } from "./advisories.ts";
import { createExceptionBook, type ExceptionBook } from "./exception-book.ts";
import { createImageIndex, type ImageIndex } from "./image-index.ts";
import { countRisk, type Judged, judge } from "./judge.ts";
import { deskLimits } from "./limits.ts";
import { createMatching, type Matching } from "./matching.ts";
import { packAnalysis, unpackAnalysis } from "./packing.ts";
import { createResults, type Results } from "./results.ts";
import { recordOf } from "./record.ts";
import { subjectsOf } from "./subjects.ts";
import { createSurroundings, type RunningImage, type Surroundings, type SurroundingsParts } from "./surroundings.ts";

export interface DeskParts extends SurroundingsParts {
  readonly config: { readonly data: string; readonly images: { readonly advisories: string } };
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
  surroundings(): Promise<Surroundings>;
  /** Keeps an analysis and matches it with the database that is there. */
  submit(analysis: ImageAnalysis, author: string): Promise<ImageRecord>;
  remove(digest: string): Promise<boolean>;
  /** Undefined: no such analysis. */
  open(digest: string): Promise<OpenedImage | undefined>;
  analysis(digest: string): Promise<ImageAnalysis | undefined>;
  /** Resolves when what is stored is read and the database was looked at. */
  readonly ready: Promise<void>;
}

/** What runs under this record: a runtime may know it by any of its names. */
export function runningOf(record: ImageRecord, { running }: Surroundings, index: ImageIndex): readonly RunningImage[] {
  return running.filter(({ digest, name }) => index.find(digest, name)?.digest === record.digest);
}

export function openImageDesk(parts: DeskParts): ImageDesk {
  const { state, clock, logger } = parts;
  const records = state.images;
  const index = createImageIndex();
  const results = createResults(records);
  const nowMs = () => clock.nowMs();
  const matching = createMatching({ records, index, results, logger, nowMs });
  const surroundings = createSurroundings(parts);
  const exceptions = createExceptionBook(state.resources);
  const rematching: Promise<void>[] = [];
  const failed = (error: unknown): void => logger.error({ error }, "packages could not be matched anew");
  const advisories = startAdvisories({
    folder: advisoriesFolder(parts.config),
    logger,
    onChange: (database) => rematching.push(ready.then(() => matching.rematch(database)).catch(failed)),
  });
  const opened = analysisCache((digest) => records.analysis(digest));
  const ready = load();

  async function load(): Promise<void> {
    for (const record of await records.list()) index.put(record);
    await results.load(index.subjects());
  }

  const first = ready.then(() => advisories.look());
  return {
    index,
    results,
    matching,
    advisories,
    exceptions,
    ready: first,
    surroundings: () => surroundings.now(),
    analysis: (digest) => opened.get(digest),
    async submit(analysis, author) {
      await first;
      const subjects = subjectsOf(analysis);
      const ids = await records.subjectIds(subjects);
      const known = index.find(analysis.digest);
      const record = recordOf(analysis, { ids, author, nowMs: nowMs(), known });
      await records.put(record, await packAnalysis(analysis));
      opened.forget(record.digest);
      index.put(record);
      const { database } = advisories;
      if (database !== undefined) {
        const unmatched = new Map(
          subjects.map(({ subject }, at) => [ids[at] ?? 0, { id: ids[at] ?? 0, ...subject }] as const),
        );
        for (const id of unmatched.keys()) if (results.get(id)?.database === database.digest) unmatched.delete(id);
        await matching.matchNow([...unmatched.values()], database);
      }
      return record;
    },
    async remove(digest) {
      await first;
      opened.forget(digest);
      index.remove(digest);
      const isRemoved = await records.remove(digest);
      // Packages of no image are forgotten when the next one leaves: a submit that is going on may just have taken them.
      return isRemoved;
    },
    async open(digest) {
      await first;
      const record = index.find(digest);
      const analysis = record === undefined ? undefined : await opened.get(record.digest);
      if (record === undefined || analysis === undefined) return undefined;
      const around = await surroundings.now();
      const running = runningOf(record, around, index);
      const judged = judge({
        record,
        analysis,
        outcomes: await results.whole([...record.subjects]),
        instances: running.flatMap(({ instances }) => instances),
        use: around.useOf([
          ...running.map((each) => each.digest),
          record.digest,
          ...record.otherDigests,
          ...record.references,
        ]),
        useBecause: around.useBecause,
        exceptions: await exceptions.all(),
        nowMs: nowMs(),
      });
      return { record, analysis, running, ...judged, risk: countRisk(judged.matches) };
    },
    async [Symbol.asyncDispose]() {
      exceptions[Symbol.dispose]();
      await first;
      await Promise.all(rematching);
      await advisories[Symbol.asyncDispose]();
    },
  };
}

interface AnalysisCache {
  get(digest: string): Promise<ImageAnalysis | undefined>;
  forget(digest: string): void;
}

/** The last few opened; an analysis that cannot be read is told as what it is. */
function analysisCache(read: (digest: string) => Promise<Uint8Array | undefined>): AnalysisCache {
  const kept = new Map<string, Promise<ImageAnalysis | undefined>>();

  async function open(digest: string): Promise<ImageAnalysis | undefined> {
    const packed = await read(digest);
    if (packed === undefined) return undefined;
    try {
      return await unpackAnalysis(packed);
    } catch (cause) {
      throw new Fault(`the kept analysis of ${digest} cannot be read`, {
        code: "images/unreadable",
        kind: "internal",
        hint: "analyse the image again, or remove it",
        cause,
      });
    }
  }

  return {
    get(digest) {
      const found = kept.get(digest) ?? open(digest);
      kept.delete(digest);
      kept.set(digest, found);
      found.catch(() => kept.delete(digest));
      const [oldest] = kept.keys();
      if (kept.size > deskLimits.openAnalysesMax && oldest !== undefined) kept.delete(oldest);
      return found;
    },
    forget: (digest) => void kept.delete(digest),
  };
}

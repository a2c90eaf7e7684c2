// Detection on this node: rules over every event that the sensor tells, within a share of one core. Rules change without forgetting the processes.
import type {
  CompiledRules,
  CompileResult,
  Detector,
  DetectorOptions,
  RuleFile,
  SubjectOf,
} from "../../../core/detect/contract.ts";
import type { SensorEvent } from "../../../core/sense/sensor.ts";
import { detectionRulesLimits, type DetectionReport } from "../../../model/detection-rules.ts";
import type { Resource, ResourceStatus } from "../../../model/resource.ts";
import { detectLimits } from "./limits.ts";
import { countsOf, detectionKind, isBlind, makeRuleBook, problemText, type RuleBook } from "./rule-book.ts";
import { createRuleLosses } from "./rule-losses.ts";
import { readRuleFolder, signatureOf, type FolderReading } from "./rule-folder.ts";
import { createTimeBudget, type TimeBudget } from "./time-budget.ts";

export interface DetectSide {
  /** Judges a batch, after the pipeline has learnt of its processes. */
  take(events: readonly SensorEvent[], subjectOf: SubjectOf): void;
  tick(nowMs: number): void;
  /** The node's resources of kind DetectionRules, all of them. */
  setResources(resources: readonly Resource[]): void;
  statuses(): readonly ResourceStatus[];
  report(): DetectionReport;
  /** What was not judged or not told since the last call. */
  takeLosses(): readonly DetectLoss[];
  /** Reads the folder again when it has changed. Never rejects. */
  look(): Promise<void>;
}

export interface DetectLoss {
  readonly rows: number;
  readonly counted: "exact" | "estimate" | "no";
  readonly detail: string;
}

export interface DetectSideOptions extends Omit<DetectorOptions, "rules"> {
  /** Folder or file of rules; "" for none. */
  readonly folder: string;
  readonly isBuiltin: boolean;
  /** Of one core, 0-1. */
  readonly cpuShare: number;
  readonly compile: (files: readonly RuleFile[]) => CompileResult;
  readonly createDetector: (options: DetectorOptions) => Detector;
  /** Rules that are judged by from now on: the sensor is told what they ask for. */
  readonly onRules?: (rules: CompiledRules) => void;
  /** Milliseconds of a monotonic clock, to fill the budget; and those that this thread has worked. */
  readonly monotonicMs: () => number;
  readonly workedMs: () => number;
}

/** Starts with the built-in rules and the folder's. */
export async function createDetectSide(options: DetectSideOptions): Promise<DetectSide> {
  const folder = options.folder === "" ? undefined : await readRuleFolder(options.folder);
  return new Side(options, folder);
}

interface Told {
  readonly unjudged: number;
  readonly suppressed: number;
  readonly statesDropped: number;
}

class Side implements DetectSide {
  readonly #options: DetectSideOptions;
  readonly #budget: TimeBudget;
  readonly #detector: Detector;
  #book: RuleBook;
  #folder: FolderReading | undefined;
  #resources: readonly Resource[] = [];
  #resourcesDigest = "[]";
  #unjudged = 0;
  #tickedAtMs = 0;
  readonly #dropped = createRuleLosses(({ stateDropped }) => stateDropped);
  readonly #keptBack = createRuleLosses(({ suppressed }) => suppressed);
  #told: Told = { unjudged: 0, suppressed: 0, statesDropped: 0 };

  constructor(options: DetectSideOptions, folder: FolderReading | undefined) {
    this.#options = options;
    this.#folder = folder;
    this.#budget = createTimeBudget(options.cpuShare, detectLimits.savedMsMax);
    this.#book = this.#makeBook();
    this.#detector = options.createDetector({ ...options, rules: this.#book.rules });
    options.onRules?.(this.#book.rules);
  }

  take(events: readonly SensorEvent[], subjectOf: SubjectOf): void {
    for (let start = 0; start < events.length; start += detectLimits.sliceEvents) {
      const slice = events.slice(start, start + detectLimits.sliceEvents);
      const judged = this.#budget.has(this.#options.monotonicMs()) ? slice : this.#onlyLives(slice);
      this.#measured(() => this.#detector.take(judged, subjectOf));
    }
  }

  tick(nowMs: number): void {
    if (nowMs - this.#tickedAtMs < detectLimits.tickEveryMs) return;
    this.#tickedAtMs = nowMs;
    this.#measured(() => this.#detector.tick(nowMs));
  }

  setResources(resources: readonly Resource[]): void {
    const own = resources.filter(({ kind }) => kind === detectionKind);
    const digest = JSON.stringify(own.map(({ scope, name, generation, spec }) => [scope, name, generation, spec]));
    this.#resources = own;
    if (digest === this.#resourcesDigest) return;
    this.#resourcesDigest = digest;
    this.#renew();
  }

  statuses(): readonly ResourceStatus[] {
    return this.#book.statuses(this.#detector.rules());
  }

  report(): DetectionReport {
    const states = this.#detector.rules();
    const stats = this.#detector.stats();
    const { problems } = this.#book;
    const blind = states.filter(isBlind);
    const errors = problems.filter(({ severity }) => severity === "error");
    const { namedMax, becauseLengthMax } = detectionRulesLimits;
    return {
      enabled: true,
      because: "",
      ...countsOf(states, problems),
      sources: [...this.#book.sources(states)],
      problems: errors.slice(0, namedMax).map(problemText),
      blindRules: blind.slice(0, namedMax).map(({ name, sightBecause }) => ({
        rule: name.slice(0, 253),
        because: sightBecause.slice(0, becauseLengthMax),
      })),
      events: stats.events,
      detections: stats.detections,
      suppressed: stats.suppressed,
      unjudged: this.#unjudged,
      cpuMs: Math.round(this.#budget.usedMs),
    };
  }

  takeLosses(): readonly DetectLoss[] {
    const { suppressed, statesDropped } = this.#detector.stats();
    const now: Told = { unjudged: this.#unjudged, suppressed, statesDropped };
    const whose = statesDropped > this.#told.statesDropped ? this.#dropped(this.#detector.rules()) : "";
    const keptBack = suppressed > this.#told.suppressed ? this.#keptBack(this.#detector.rules()) : "";
    const losses: DetectLoss[] = [
      {
        rows: now.unjudged - this.#told.unjudged,
        counted: "no",
        detail:
          "events that no rule was asked about: detection had used up its share of the processor (detect.cpuShare)",
      },
      {
        rows: now.suppressed - this.#told.suppressed,
        counted: "exact",
        detail: `detections of one rule and workload beyond their rate; the next one says how many${keptBack}`,
      },
      {
        rows: now.statesDropped - this.#told.statesDropped,
        counted: "estimate",
        detail: `parts of open sequences and counters of rules that fell out of their limits${whose}`,
      },
    ];
    this.#told = now;
    return losses.filter(({ rows }) => rows > 0);
  }

  async look(): Promise<void> {
    const { folder } = this.#options;
    if (folder === "" || (await signatureOf(folder)) === this.#folder?.signature) return;
    this.#folder = await readRuleFolder(folder);
    this.#renew();
  }

  #renew(): void {
    this.#book = this.#makeBook();
    this.#detector.replaceRules(this.#book.rules);
    this.#options.onRules?.(this.#book.rules);
  }

  #makeBook(): RuleBook {
    const { isBuiltin, compile } = this.#options;
    return makeRuleBook({ isBuiltin, folder: this.#folder, resources: this.#resources, compile });
  }

  /** Without time left only the lives of processes are followed, so that what is judged later is judged rightly. */
  #onlyLives(events: readonly SensorEvent[]): readonly SensorEvent[] {
    const lives = events.filter(
      ({ type }) => type === "exec" || type === "running" || type === "fork" || type === "exit",
    );
    this.#unjudged += events.length - lives.length;
    return lives;
  }

  #measured(work: () => void): void {
    const before = this.#options.workedMs();
    work();
    this.#budget.use(this.#options.workedMs() - before);
  }
}

/** On a node whose configuration says so, or that has no sensor to judge. */
export function neverDetecting(because: string): DetectSide {
  let statuses: readonly ResourceStatus[] = [];
  return {
    take: () => undefined,
    tick: () => undefined,
    setResources(resources) {
      const own = resources.filter(({ kind }) => kind === detectionKind);
      statuses = own.map(({ kind, scope, name, generation }) => ({
        kind,
        scope,
        name,
        generation,
        state: "refused",
        because,
      }));
    },
    statuses: () => statuses,
    report: () => ({
      enabled: false,
      because,
      loaded: 0,
      refused: 0,
      blind: 0,
      disabled: 0,
      sources: [],
      problems: [],
      blindRules: [],
      events: 0,
      detections: 0,
      suppressed: 0,
      unjudged: 0,
      cpuMs: 0,
    }),
    takeLosses: () => [],
    look: async () => undefined,
  };
}

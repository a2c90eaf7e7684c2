// The engine: events in, detections out. It keeps its own book of processes, judges by the index, and limits what it tells.
import type {
  Detection,
  DetectLimits,
  Detector,
  DetectorOptions,
  DetectorStats,
  DetectSubject,
  RuleState,
  SubjectOf,
} from "./contract.ts";
import { createDnsNames } from "./adapter/dns-names.ts";
import { fillFromSensor, type CallsTold } from "./adapter/from-sensor.ts";
import { createToldConnects } from "./adapter/told-connects.ts";
import { createCompiler } from "./engine/closures.ts";
import { readField } from "./engine/compile-check.ts";
import { createRateLimit, type RateLimit } from "./engine/rate-limit.ts";
import { ruleSetOf, type RuleSet } from "./engine/program.ts";
import { inToldTypes } from "./engine/told-types.ts";
import { createRuleIndex, type RuleIndex } from "./engine/rule-index.ts";
import { startRule, withSource, type Firing, type RunningRule } from "./engine/running-rules.ts";
import type { DetectEvent } from "./event.ts";
import { blankEvent, unknownSubject } from "./blank-event.ts";
import { detectionOf } from "./output/detection.ts";
import { defaultDetectLimits } from "./limits.ts";
import { createProcessBook, type ProcessBook } from "./process/book.ts";
import { parseInstantMs } from "../../base/instant.ts";
import { scalarsAt } from "./audit/json.ts";
import { sightOf, type Sight } from "./sight.ts";
import { createRoom, workloadKeyOf, type Room } from "./stateful/state.ts";
import type { CompiledRules } from "./contract.ts";
import type { SensorEvent } from "../sense/sensor.ts";

/** An engine over one stream of events. Throws only for rules that compileRules did not make. */
export function createDetector(options: DetectorOptions): Detector {
  return new Engine(options);
}

interface Counts {
  hits: number;
  suppressed: number;
}

/** Expiring states more often than this gains nothing. */
const expireEveryMs = 5000;

class Engine implements Detector {
  readonly #options: DetectorOptions;
  readonly #limits: DetectLimits;
  readonly #book: ProcessBook;
  readonly #dns = createDnsNames();
  readonly #event: DetectEvent;
  readonly #told: CallsTold;
  #rules: RuleSet;
  #running: readonly RunningRule[] = [];
  #counts: readonly Counts[] = [];
  #sights: readonly Sight[] = [];
  #index: RuleIndex;
  #room: Room;
  #rate: RateLimit;
  #epoch = 0;
  #events = 0;
  #detections = 0;
  #evictedPaths = 0;
  #droppedStates = 0;
  #suppressed = 0;
  #evictedKeys = 0;
  #subjectOf: SubjectOf = () => unknownSubject;
  #nowMs = 0;
  #expiredMs = 0;

  constructor(options: DetectorOptions) {
    this.#options = options;
    this.#limits = { ...defaultDetectLimits, ...options.limits };
    this.#book = createProcessBook(this.#limits);
    this.#event = blankEvent(options.machine, (address) => this.#dns.namesOf(address));
    const { groups } = options.supply;
    const connects = createToldConnects();
    this.#told = { connect: groups.has("call:connect"), accept: groups.has("call:accept"), connects };
    this.#rules = ruleSetOf(options.rules);
    this.#room = createRoom(this.#limits, readField);
    this.#rate = createRateLimit(this.#limits);
    this.#index = this.#start();
  }

  #start(): RuleIndex {
    const { interner, programs } = this.#rules;
    this.#epoch += 1;
    this.#counts = programs.map(() => ({ hits: 0, suppressed: 0 }));
    this.#sights = programs.map((program) => sightOf(interner, program, this.#options.supply));
    this.#running = programs.map((program, index) =>
      startRule(program, this.#room, (firing) => this.#fire(index, firing)),
    );
    const entries = this.#running.flatMap(({ program, entries: own }) =>
      program.summary.isEnabled
        ? own.map(({ node, hit }) => ({
            node: withSource(interner, inToldTypes(interner, node), program.summary.source === "k8s_audit"),
            hit,
          }))
        : [],
    );
    return createRuleIndex({
      interner,
      compiler: createCompiler(),
      entries,
      pathsMax: this.#limits.pathsMax,
      prepare: (event) => this.#prepare(event),
      epoch: this.#epoch,
    });
  }

  take(events: readonly SensorEvent[], subjectOf: SubjectOf): void {
    for (const sensor of events) this.#takeOne(sensor, subjectOf);
  }

  #takeOne(sensor: SensorEvent, subjectOf: SubjectOf): void {
    this.#events += 1;
    if (sensor.timeMs > this.#nowMs) this.#nowMs = sensor.timeMs;
    this.#book.observe(sensor);
    if (sensor.type === "running") return;
    if (sensor.type === "dns") this.#dns.observe(sensor);
    const event = this.#event;
    if (!fillFromSensor(event, sensor, this.#told) || this.#index.isIdle(event.type)) return;
    event.number = this.#events;
    this.#subjectOf = subjectOf;
    this.#index.judge(event);
  }

  /** Whose event it is. An audit event has no process. */
  #prepare(event: DetectEvent): void {
    const { raw } = event;
    if (raw === undefined) return;
    const process = this.#book.find(raw);
    event.process = process;
    if (process.subject === undefined || process.subject.isPending) {
      const answer = this.#subjectOf(raw.process, raw.cgroupId);
      if (process.subject === undefined || !answer.isPending) process.memoOf = 0;
      process.subject = answer;
    }
    event.subject = process.subject;
  }

  takeAudit(audit: unknown, receivedMs: number): void {
    this.#events += 1;
    const event = this.#event;
    const at = scalarsAt(audit, "/stageTimestamp")[0] ?? scalarsAt(audit, "/requestReceivedTimestamp")[0];
    Object.assign(event, blankEvent(event.machine, event.namesOf));
    event.source = "k8s_audit";
    event.type = "k8s_audit";
    event.timeMs = parseInstantMs(String(at ?? "")) ?? receivedMs;
    event.number = this.#events;
    event.audit = audit;
    event.subject = auditSubject(audit);
    if (event.timeMs > this.#nowMs) this.#nowMs = event.timeMs;
    this.#index.judge(event);
  }

  #fire(index: number, firing: Firing): void {
    const program = this.#running[index]?.program;
    const counts = this.#counts[index];
    const event = firing.events.at(-1);
    if (program === undefined || counts === undefined || event === undefined) return;
    const suppressedBefore = this.#rate.take(`${index}|${workloadKeyOf(event)}`, event.timeMs);
    if (suppressedBefore === undefined) {
      counts.suppressed += 1;
      return;
    }
    counts.hits += 1;
    this.#detections += 1;
    const detection: Detection = detectionOf(program, firing, { limits: this.#limits, suppressedBefore });
    this.#options.onDetection(detection);
  }

  tick(nowMs: number): void {
    // Events of a replayed log are older than the clock: time does not run backwards for them.
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    for (const { memory, program } of this.#running)
      if (program.summary.kind === "absence" && program.summary.isEnabled) memory?.expire(this.#nowMs);
    if (this.#nowMs - this.#expiredMs < expireEveryMs) return;
    this.#expiredMs = this.#nowMs;
    this.#book.expire(this.#nowMs);
    for (const { memory } of this.#running) memory?.expire(this.#nowMs);
  }

  replaceRules(rules: CompiledRules): void {
    this.#evictedPaths += this.#index.pathsEvicted;
    this.#droppedStates += this.#room.dropped;
    this.#suppressed += this.#rate.suppressed;
    this.#evictedKeys += this.#rate.evicted;
    this.#rules = ruleSetOf(rules);
    this.#room = createRoom(this.#limits, readField);
    this.#rate = createRateLimit(this.#limits);
    this.#index = this.#start();
  }

  rules(): readonly RuleState[] {
    return this.#running.map(({ program, memory }, index) => ({
      ...program.summary,
      sight: this.#sights[index]?.sight ?? "sees",
      sightBecause: this.#sights[index]?.because ?? "",
      hits: this.#counts[index]?.hits ?? 0,
      suppressed: this.#counts[index]?.suppressed ?? 0,
      stateDropped: memory?.dropped ?? 0,
    }));
  }

  stats(): DetectorStats {
    const book = this.#book.stats();
    return {
      events: this.#events,
      detections: this.#detections,
      suppressed: this.#suppressed + this.#rate.suppressed,
      processes: book.processes,
      processBytes: book.bytes,
      processesEvicted: book.evicted,
      argumentsCut: book.argumentsCut,
      statesDropped: this.#droppedStates + this.#room.dropped,
      pathsEvicted: this.#evictedPaths + this.#index.pathsEvicted,
      rateKeysEvicted: this.#evictedKeys + this.#rate.evicted,
      processesUnknown: book.unknown,
    };
  }
}

/** Detections of audit count by who asked. */
function auditSubject(audit: unknown): DetectSubject {
  const at = (path: string): string => String(scalarsAt(audit, path)[0] ?? "");
  return {
    ...unknownSubject,
    subject: {
      ...unknownSubject.subject,
      namespace: at("/objectRef/namespace"),
      workload: at("/user/username"),
      identityReason: "",
    },
  };
}

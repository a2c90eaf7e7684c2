// What core/detect promises to those who wire it (agent, server, command line): rule files in, detections out. Types only.
import type { SensorEvent, ProcessKey, SocketTuple } from "../sense/sensor.ts";
import type { Severity, Subject } from "./words.ts";

/** One document of a file, as edge/manifests reads it (the shape is its ReadDocument). */
export interface RuleDocument {
  /** A list: Falco rules. A mapping of kind GarrisonRule: ours. A mapping with `detection`: Sigma. */
  readonly value: unknown;
  readonly line: number;
  readonly errors: readonly { readonly line: number; readonly code: string; readonly message: string }[];
  /** 1-based line of what stands at the path (keys and indexes). */
  lineOf(path: readonly (string | number)[]): number;
}

/** Files are read in their order; a later one may override an earlier one as Falco's files do. */
export interface RuleFile {
  /** As it shall stand in problems: a path, "builtin:host-access", "DetectionRules/shop". */
  readonly name: string;
  readonly documents: readonly RuleDocument[];
}

export interface RuleProblem {
  /** error: the item is refused. warning: it is taken, but does not do what it says. note: worth knowing. */
  readonly severity: "error" | "warning" | "note";
  /** "detect/unknown-field", "detect/bad-condition", ... */
  readonly code: string;
  readonly file: string;
  readonly line: number;
  /** Rule, macro or list; "" for the file. */
  readonly item: string;
  readonly message: string;
  /** How to fix it, often the nearest known name; "" for none. */
  readonly hint: string;
}

export type RuleSource = "syscall" | "k8s_audit";
export type RuleFormat = "falco" | "garrison" | "sigma";
export type RuleKind = "condition" | "sequence" | "threshold" | "absence" | "baseline";

export const priorities = [
  "emergency",
  "alert",
  "critical",
  "error",
  "warning",
  "notice",
  "informational",
  "debug",
] as const;
export type Priority = (typeof priorities)[number];

/** What everybody may know of a compiled rule; the engine's own parts are hidden behind `CompiledRules`. */
export interface RuleSummary {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly format: RuleFormat;
  readonly kind: RuleKind;
  readonly source: RuleSource;
  readonly priority: Priority;
  readonly severity: Severity;
  readonly description: string;
  readonly tags: readonly string[];
  /** ATT&CK technique ids, upper case: "T1059", "T1059.004". */
  readonly techniques: readonly string[];
  readonly isEnabled: boolean;
  /** The Falco event types that it can fire on; empty: every type. */
  readonly eventTypes: readonly string[];
  /** Names of fields that its condition asks for. */
  readonly fields: readonly string[];
  /** As it is judged, macros and lists written out. */
  readonly condition: string;
  readonly output: string;
}

/** Rules as the engine takes them; opaque. `summaries` are in the order of the files, disabled ones too. */
export interface CompiledRules {
  readonly summaries: readonly RuleSummary[];
  readonly unusedMacros: readonly string[];
  readonly unusedLists: readonly string[];
}

export interface CompileResult {
  readonly rules: CompiledRules;
  readonly problems: readonly RuleProblem[];
}

/** What the sensors of this place deliver: what is not in it makes rules blind. `supply.ts` has makers for the sensor's rungs and for audit. */
export interface Supply {
  /** Falco event types ("openat", "execve", "connect") that can arrive. */
  readonly eventTypes: ReadonlySet<string>;
  /** Groups of fields that are known: "process", "exec-facts", "files", "descriptors", "container", "kubernetes", "mounts", "audit", "dns", ... */
  readonly groups: ReadonlySet<string>;
  /** Why something is not supplied, by event type or group; shown behind "blind because". */
  readonly because?: ReadonlyMap<string, string>;
}

/** How much of a rule this place can see. */
export type RuleSight = "sees" | "partly-blind" | "blind";

export interface RuleState extends RuleSummary {
  readonly sight: RuleSight;
  /** "" when it sees: "no sensor here supplies proc.env"; "event type bpf does not arrive here". */
  readonly sightBecause: string;
  /** Detections delivered. */
  readonly hits: number;
  /** Hits that the rate limit kept back. */
  readonly suppressed: number;
  /** State of sequences, thresholds, absences and baselines that fell out of a limit. */
  readonly stateDropped: number;
}

/** The workload of a process, and what the runtime said of its container. Ask core/process for the first, the container directory for the rest. */
export interface DetectSubject {
  readonly subject: Subject;
  /** The runtime was not asked yet: the detector asks again at the process's next event. */
  readonly isPending: boolean;
  /** In a container, also when it is not known which one. */
  readonly isContainer: boolean;
  readonly podUid?: string;
  readonly podLabels?: Readonly<Record<string, string>>;
  readonly isPrivileged?: boolean;
  /** Absent: not known (container.mount.* is then missing). */
  readonly mounts?: readonly ContainerMount[];
  readonly startedMs?: number;
}

export interface ContainerMount {
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly isWritable: boolean;
  readonly propagation: string;
}

export interface Evidence {
  readonly timeMs: number;
  /** "exec", "open", "connect", ...: the event's type; of a sequence with its step's name, "2 chmod: fchmodat". */
  readonly kind: string;
  /** Redacted, at most `evidenceCharactersMax`. */
  readonly text: string;
  readonly process: ProcessKey;
}

export interface DetectionTexts {
  readonly output: string;
  readonly outputFields: readonly (readonly [name: string, value: string])[];
  /** Of each evidence, in the same order. */
  readonly evidence: readonly string[];
}

/** A rule fired. Texts are redacted already. */
export interface Detection {
  readonly timeMs: number;
  readonly rule: string;
  readonly file: string;
  readonly format: RuleFormat;
  readonly kind: RuleKind;
  readonly source: RuleSource;
  readonly priority: Priority;
  readonly severity: Severity;
  readonly title: string;
  readonly tags: readonly string[];
  readonly techniques: readonly string[];
  /** The output template filled in, without time and priority. */
  readonly output: string;
  /** Of the template, in its order: "proc.name" -> "bash". Missing ones are "<NA>". */
  readonly outputFields: readonly (readonly [name: string, value: string])[];
  /** In order of time; the last one is what made it fire. At least one. */
  readonly evidence: readonly Evidence[];
  /** The same texts without any process's arguments, for workloads whose arguments are not to be kept. */
  readonly withoutArguments?: DetectionTexts;
  /** pid 0 for audit. */
  readonly process: ProcessKey;
  readonly comm: string;
  readonly executable: string;
  /** Names, nearest first, at most 8. */
  readonly ancestors: readonly string[];
  readonly subject: Subject;
  readonly cgroupId: number;
  readonly tuple: SocketTuple | undefined;
  /** Events that it stands for: 1, or the kernel's count, or a threshold's. */
  readonly count: number;
  /** Equal ones that the rate limit kept back since the last one delivered. */
  readonly suppressedBefore: number;
}

export interface DetectMachine {
  readonly hostname: string;
  /** Names of the machine's users and groups; undefined: not known. */
  userName(uid: number): string | undefined;
  groupName(gid: number): string | undefined;
  /** Milliseconds since the epoch at boot: with a process's start they give its age. */
  readonly bootMs: number;
  /** Inode number of the node's own mount namespace: what is executed in it is the node's own. Absent or 0: not known. */
  readonly mountNamespace?: number;
}

export interface DetectLimits {
  readonly processesMax: number;
  /** Texts of processes together (arguments, paths). */
  readonly processBytesMax: number;
  readonly ancestorsMax: number;
  /** Paths whose judgements are remembered. */
  readonly pathsMax: number;
  /** Detections of one rule for one workload: this many at once, then one every `rateEveryMs`. */
  readonly rateBurst: number;
  readonly rateEveryMs: number;
  readonly rateKeysMax: number;
  /** Candidates of sequences, counters, open absences and baseline entries of all rules together; the rule with the most gives way. */
  readonly statesMax: number;
  readonly statesOfRuleMax: number;
  /** How late an event may come and still stand in its place of a sequence. */
  readonly latenessMs: number;
  readonly evidenceMax: number;
  readonly evidenceCharactersMax: number;
  readonly outputCharactersMax: number;
}

export interface DetectorStats {
  readonly events: number;
  readonly detections: number;
  readonly suppressed: number;
  readonly processes: number;
  readonly processBytes: number;
  readonly processesEvicted: number;
  readonly argumentsCut: number;
  readonly statesDropped: number;
  readonly pathsEvicted: number;
  readonly rateKeysEvicted: number;
  /** Events whose process was never seen to start: fields beyond its short name are missing. */
  readonly processesUnknown: number;
}

export interface DetectorOptions {
  readonly rules: CompiledRules;
  readonly supply: Supply;
  readonly onDetection: (detection: Detection) => void;
  readonly machine: DetectMachine;
  readonly limits?: Partial<DetectLimits>;
}

/** One engine over one stream. Not re-entrant: `onDetection` must not call it. */
export interface Detector {
  /** Judges events in the order of arrival. Nothing of the array is kept. */
  take(events: readonly SensorEvent[], subjectOf: SubjectOf): void;
  /** One event of a Kubernetes audit log (audit.k8s.io Event as JSON), before its bodies are dropped. */
  takeAudit(event: unknown, receivedMs: number): void;
  /** Absences fall due, states and rates expire. Call about once a second. */
  tick(nowMs: number): void;
  /** New rules in place of the old ones; what is known of processes stays, open sequences are dropped. */
  replaceRules(rules: CompiledRules): void;
  rules(): readonly RuleState[];
  stats(): DetectorStats;
}

/** Asked once for each executed program, and again while the answer is pending. */
export type SubjectOf = (process: ProcessKey, cgroupId: number) => DetectSubject;

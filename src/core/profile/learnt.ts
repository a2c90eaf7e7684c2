// What was learnt of a workload, merged from rows of its containers: over replicas, restarts and images. The same rows give the same answer in any order and
// however often one of them comes.
import { formatInstant } from "../../base/instant.ts";
import type { LearningConfidence } from "../../model/posture.ts";
import type { Row } from "../../model/table.ts";

/** The part of a row of workload_usage that is merged; `time` in milliseconds since the epoch. */
export type UsageFact = Pick<
  Row<"workload_usage">,
  | "time"
  | "architecture"
  | "systemCalls"
  | "systemCallsUnnamed"
  | "capabilities"
  | "capabilitiesInferred"
  | "executables"
  | "startSeen"
  | "hasForeignCalls"
  | "learntSeconds"
  | "containerId"
>;

export interface Learnt {
  readonly architectures: readonly string[];
  readonly systemCalls: readonly string[];
  readonly systemCallsUnnamed: readonly number[];
  readonly capabilities: readonly string[];
  readonly capabilitiesInferred: readonly string[];
  readonly executables: readonly string[];
  readonly hasForeignCalls: boolean;
  /** Of all containers together. */
  readonly learntSeconds: number;
  readonly containers: number;
  readonly startsSeen: number;
  /** Milliseconds since the epoch; undefined: nothing was learnt. */
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  /** When the last name came that was in no row before. */
  readonly quietSinceMs: number | undefined;
}

export function mergeUsage(rows: readonly UsageFact[]): Learnt {
  const facts = distinct(rows);
  const calls = new Set<string>();
  const capabilities = new Set<string>();
  const inferred = new Set<string>();
  let quietSinceMs: number | undefined;
  for (const [index, fact] of facts.entries()) {
    const before = calls.size + capabilities.size + inferred.size;
    for (const name of fact.systemCalls) calls.add(name);
    for (const name of fact.capabilities) capabilities.add(name);
    for (const name of fact.capabilitiesInferred) inferred.add(name);
    if (index === 0 || calls.size + capabilities.size + inferred.size > before) quietSinceMs = fact.time;
  }
  const containers = new Set(facts.map(({ containerId }) => containerId));
  const started = new Set(facts.filter(({ startSeen }) => startSeen).map(({ containerId }) => containerId));
  return {
    architectures: sorted(facts.map(({ architecture }) => architecture)),
    systemCalls: [...calls].toSorted(),
    systemCallsUnnamed: [...new Set(facts.flatMap((fact) => fact.systemCallsUnnamed))].toSorted((a, b) => a - b),
    capabilities: [...capabilities].toSorted(),
    capabilitiesInferred: [...inferred].filter((name) => !capabilities.has(name)).toSorted(),
    executables: sorted(facts.flatMap((fact) => fact.executables)),
    hasForeignCalls: facts.some((fact) => fact.hasForeignCalls),
    learntSeconds: facts.reduce((sum, fact) => sum + fact.learntSeconds, 0),
    containers: containers.size,
    startsSeen: started.size,
    firstMs: facts[0] === undefined ? undefined : facts[0].time - facts[0].learntSeconds * 1000,
    lastMs: facts.at(-1)?.time,
    quietSinceMs,
  };
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted();
}

/** One container tells one row per instant; in the order of time, and of containers where times are equal. */
function distinct(rows: readonly UsageFact[]): readonly UsageFact[] {
  const byKey = new Map(rows.map((row) => [`${String(row.time).padStart(16, "0")} ${row.containerId}`, row] as const));
  return [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

export const confidenceLimits = {
  hoursMedium: 2,
  hoursHigh: 24,
  replicasHigh: 2,
  quietHoursHigh: 24,
} as const;

const hourMs = 3_600_000;

/** How far what was learnt may be trusted, and why not further. */
export function confidenceOf(learnt: Learnt, nowMs: number): LearningConfidence {
  const hours = Math.round((learnt.learntSeconds / 3600) * 100) / 100;
  const quietMs = learnt.quietSinceMs === undefined ? 0 : nowMs - learnt.quietSinceMs;
  const base = {
    hours,
    replicas: learnt.containers,
    startsSeen: learnt.startsSeen,
    executables: learnt.executables.length,
    ...(learnt.quietSinceMs === undefined ? {} : { quietSince: formatInstant(learnt.quietSinceMs) }),
  };
  if (learnt.lastMs === undefined)
    return { ...base, level: "none", because: ["nothing was learnt: no node watched this container"] };
  const { hoursMedium, hoursHigh, replicasHigh, quietHoursHigh } = confidenceLimits;
  const isMedium = hours >= hoursMedium && learnt.startsSeen > 0;
  const because = [
    ...(learnt.startsSeen === 0 ? ["no start was watched: restart a replica while it is learnt"] : []),
    ...(hours < hoursHigh ? [`watched for ${hours} h, ${hoursHigh} h make it high`] : []),
    ...(learnt.containers < replicasHigh ? ["one container only: its replicas may do other things"] : []),
    ...(quietMs < quietHoursHigh * hourMs ? [`something new came less than ${quietHoursHigh} h ago`] : []),
    ...(learnt.systemCallsUnnamed.length > 0
      ? [`calls without a name in our table: ${learnt.systemCallsUnnamed.join(", ")}`]
      : []),
  ];
  return { ...base, level: because.length === 0 ? "high" : isMedium ? "medium" : "low", because };
}

// Of what was learnt: what came with an attack rather than with the workload's own life. Pure; a baseline that is frozen leaves these out unless somebody takes them.
import type { BaselineFact } from "./facts.ts";
import type { ItemOf } from "./row-items.ts";

/** Detections that weigh as much as an attack, of one program within some minutes. */
export interface Alarm {
  readonly rule: string;
  readonly severity: string;
  readonly executable: string;
  /** Short names: of the process, and of its ancestors. */
  readonly names: readonly string[];
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface Drifted extends ItemOf {
  readonly lastMs: number;
}

export interface Suspect {
  readonly fact: BaselineFact;
  readonly because: string;
}

export interface Suspicions {
  /** New with the attack. */
  readonly suspects: readonly Suspect[];
  /** A detection names them, but the workload did the same before it: its own shell, for example. */
  readonly known: readonly Suspect[];
}

/** What is seen first so shortly before or after an alarm came with it: a rule that follows steps speaks at the last one. */
export const alarmNearMs = 60_000;

/**
 * `drift`: what was outside the baseline of then, and still is. `firstMs` of the workload: what it did from its first minute on is its own, whatever
 * detections say of it.
 */
export function suspicionsOf(
  facts: readonly BaselineFact[],
  {
    drift,
    alarms,
    firstMs,
  }: { readonly drift: readonly Drifted[]; readonly alarms: readonly Alarm[]; readonly firstMs: number },
): Suspicions {
  const drifted = new Set(drift.map(({ kind, item }) => `${kind} ${item}`));
  const suspects: Suspect[] = [];
  const known: Suspect[] = [];
  for (const fact of facts) {
    if (drifted.has(`${fact.kind} ${fact.item}`)) {
      suspects.push({ fact, because: "it was drift of the baseline before" });
      continue;
    }
    const near = alarms.find((alarm) => cameWith(fact, alarm));
    const isOwn = fact.firstMs <= firstMs + alarmNearMs;
    if (near !== undefined && !isOwn)
      suspects.push({ fact, because: `it came with a ${near.severity} detection: ${near.rule}` });
    else {
      const named = alarms.find((alarm) => fact.kind === "executables" && fact.item === alarm.executable);
      if (named !== undefined) known.push({ fact, because: `a ${named.severity} detection names it: ${named.rule}` });
    }
  }
  return { suspects, known };
}

/** First seen around the alarm; programs only when they are the alarm's: others start at the same time by chance. */
function cameWith({ kind, item, firstMs }: BaselineFact, alarm: Alarm): boolean {
  if (firstMs < alarm.firstMs - alarmNearMs || firstMs > alarm.lastMs + alarmNearMs) return false;
  const isOf = (program: string): boolean =>
    program === alarm.executable || alarm.names.includes(program.slice(program.lastIndexOf("/") + 1));
  if (kind === "executables") return isOf(item);
  if (kind === "parents") return item.split(" -> ").some(isOf);
  // Whoever reads is not judged by itself, and every program reads.
  return kind !== "reads";
}

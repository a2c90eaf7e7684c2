// Pods and containers in words: whether one is well, why not, how often it was started again. Pure.
import type { Container, Pod } from "../../../src/model/inventory.ts";

/** Ready, or done with success. */
export function isPodWell(pod: Pod): boolean {
  return pod.phase === "Succeeded" || (pod.ready && pod.deletingAt === undefined);
}

/** One word for the state: the reason of the first container that is not well, else "ready", "ending" or the phase. */
export function podStateText(pod: Pod): string {
  if (pod.reason !== "") return pod.reason;
  if (pod.deletingAt !== undefined) return "ending";
  if (pod.phase === "Succeeded") return "done";
  if (pod.ready) return "ready";
  const sick = pod.containers.find(({ isInit, state, stateReason }) =>
    isInit ? stateReason !== "" && stateReason !== "Completed" : stateReason !== "" || state !== "running",
  );
  return sick?.stateReason || (pod.phase === "Running" ? "not ready" : pod.phase.toLowerCase()) || "not known";
}

export function podRestarts(pod: Pod): number {
  return pod.containers.reduce((sum, { restarts }) => sum + restarts, 0);
}

/** "running", "waiting: CrashLoopBackOff", "terminated: Completed, exit 0". */
export function containerStateText({ state, stateReason, exitCode }: Container): string {
  const reason = stateReason === "" ? "" : `: ${stateReason}`;
  const exit = exitCode === undefined || state !== "terminated" ? "" : `${reason === "" ? ":" : ","} exit ${exitCode}`;
  return `${state}${reason}${exit}`;
}

/** "app=web, tier=front". */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
}

/** "sha256:0badcafe1234" of a long digest; empty stays empty. */
export function shortDigest(digest: string): string {
  return digest.slice(0, "sha256:".length + 12);
}

export interface Source {
  readonly name: string;
  readonly text: string;
}

const sources = {
  literal: () => "a value in the object, not read",
  secret: (reference: string) => `secret ${reference}`,
  "config-map": (reference: string) => `config map ${reference}`,
  field: (reference: string) => reference,
  resource: (reference: string) => reference,
  unset: () => "not set",
} as const satisfies Record<Container["environment"][number]["from"], (reference: string) => string>;

/** Names of environment variables and where their values come from; values are never known here. */
export function environmentSources({ environment }: Container): readonly Source[] {
  return environment.map(({ name, from, reference }) => ({ name, text: sources[from](reference) }));
}

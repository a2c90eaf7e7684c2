// Repeating what may succeed the next time: bounded tries, growing pauses with chance in them, and the registry's own wish for a pause.
import { setTimeout as wait } from "node:timers/promises";
import { Fault } from "../../../base/fault.ts";
import type { RegistryLimits } from "./limits.ts";
import type { RegistryOptions } from "./options.ts";
import type { Answer } from "./transport.ts";

export interface Retry {
  readonly limits: RegistryLimits;
  nowMs(): number;
  random(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export function createRetry(options: RegistryOptions, limits: RegistryLimits): Retry {
  return {
    limits,
    nowMs: options.nowMs ?? Date.now,
    random: options.random ?? Math.random,
    sleep: options.sleep ?? ((ms, signal) => wait(ms, undefined, { signal })),
  };
}

/** Codes of faults after which the same request may succeed. */
const passing: ReadonlySet<string> = new Set([
  "registry/unreachable",
  "registry/broken-body",
  "registry/limited",
  "registry/unavailable",
]);

export function isPassing(thrown: unknown): thrown is Fault {
  return thrown instanceof Fault && passing.has(thrown.code) && !isUnknownHost(thrown.cause);
}

function isUnknownHost(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOTFOUND";
}

/** Runs `attempt` until it succeeds, fails for good, or `attemptsMax` tries are over; the last fault is thrown. */
export async function withRetries<T>(retry: Retry, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (thrown) {
      if (signal.aborted || !isPassing(thrown) || tries >= retry.limits.attemptsMax) throw thrown;
      const pauseMs = thrown.retryAfterMs ?? backoffMs(retry, tries);
      if (pauseMs > retry.limits.retryAfterMsMax) throw thrown;
      await retry.sleep(pauseMs, signal);
    }
  }
}

/** Between half of a doubling bound and the whole of it. */
export function backoffMs(retry: Retry, tries: number): number {
  const { limits } = retry;
  const bound = Math.min(limits.backoffMsMax, limits.backoffMsMin * 2 ** (tries - 1));
  return Math.round(bound / 2 + (bound / 2) * retry.random());
}

/** Retry-After in seconds or as a date; undefined when absent or unreadable. */
export function retryAfterMs(answer: Answer, nowMs: number): number | undefined {
  const value = answer.header("retry-after").trim();
  if (value === "") return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

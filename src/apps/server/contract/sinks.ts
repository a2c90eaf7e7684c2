// Outputs: how each is, one that is tried, and what could not be delivered. A sink itself is put as a resource of kind Sink.
import { z } from "zod";
import { ResourceName, ResourceScope } from "../../../model/resource.ts";
import { SecurityEvent } from "../../../model/security-event.ts";
import { Sink } from "../../../model/sink.ts";
import type { Endpoint } from "./endpoint.ts";

export const SinkState = z.enum(["starting", "ok", "failing", "refused", "disabled"]);
export type SinkState = z.infer<typeof SinkState>;

export const SinkStatus = z.object({
  name: z.string(),
  scope: z.string(),
  generation: z.int(),
  type: z.enum(["stdout", "file", "syslog", "webhook"]),
  /** Where it goes, without secrets. */
  target: z.string(),
  spec: Sink,
  /** refused: it cannot be opened as it is (a secret that is not there, an address that is not allowed). */
  state: SinkState,
  because: z.string(),
  hint: z.string(),
  lastDeliveredAt: z.iso.datetime().optional(),
  /** What the other side said to it. */
  lastDelivery: z.string(),
  lastErrorAt: z.iso.datetime().optional(),
  lastError: z.string(),
  nextAttemptAt: z.iso.datetime().optional(),
  /** Events in memory, and how old the oldest of them is; more may wait in the store. */
  queued: z.int(),
  behindMs: z.int(),
  deadLetters: z.int(),
  /** Since the server's start, or the last change of the sink. */
  counts: z.object({
    delivered: z.int(),
    bytes: z.int(),
    /** Messages that left something out to keep within the longest message. */
    cut: z.int(),
    failures: z.int(),
    filtered: z.int(),
    overLimit: z.int(),
    deadLettered: z.int(),
    lettersLost: z.int(),
  }),
});
export type SinkStatus = z.infer<typeof SinkStatus>;

export const SinkTest = z.object({
  ok: z.boolean(),
  /** What the other side said, or why it failed. */
  because: z.string(),
  hint: z.string(),
  tookMs: z.int(),
});
export type SinkTest = z.infer<typeof SinkTest>;

export const SinkDeadLetter = z.object({
  id: z.int(),
  time: z.iso.datetime(),
  because: z.string(),
  attempts: z.int(),
  /** Absent when what was kept cannot be read any more. */
  event: SecurityEvent.optional(),
});
export type SinkDeadLetter = z.infer<typeof SinkDeadLetter>;

const Named = z.object({ name: ResourceName });
const Scoped = z.object({ scope: ResourceScope.default("global") });
/** None: all. */
const Letters = z.object({ ids: z.array(z.int().min(0)).max(10_000).optional() });

export const sinks = {
  listSinks: {
    method: "GET",
    path: "/api/v1/sinks",
    summary: "Outputs: health, queue, dead letters, counts",
    role: "viewer",
    response: z.object({ sinks: z.array(SinkStatus), notices: z.array(z.string()) }),
  },
  testSink: {
    method: "POST",
    path: "/api/v1/sinks/:name/test",
    summary: "Send a test event now, once, and say what became of it",
    role: "operator",
    params: Named,
    query: Scoped,
    response: SinkTest,
  },
  sinkDeadLetters: {
    method: "GET",
    path: "/api/v1/sinks/:name/dead-letters",
    summary: "Events that could not be delivered, the oldest first",
    role: "viewer",
    params: Named,
    query: Scoped.extend({
      after: z.coerce.number().int().min(0).default(0),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
    response: z.object({ letters: z.array(SinkDeadLetter), total: z.int(), next: z.int().optional() }),
  },
  replaySink: {
    method: "POST",
    path: "/api/v1/sinks/:name/replay",
    summary: "Send dead letters again; those that are taken leave",
    role: "operator",
    params: Named,
    query: Scoped,
    body: Letters,
    response: z.object({
      delivered: z.int(),
      failed: z.int(),
      /** Dead letters that there still are. */
      left: z.int(),
      /** Why it ended before all were tried, or the last failure; "" when all were taken. */
      because: z.string(),
    }),
  },
  discardSinkLetters: {
    method: "POST",
    path: "/api/v1/sinks/:name/discard",
    summary: "Throw dead letters away",
    role: "operator",
    params: Named,
    query: Scoped,
    body: Letters,
    response: z.object({ discarded: z.int(), left: z.int() }),
  },
} as const satisfies Record<string, Endpoint>;

// The mock's answers about outputs: one that delivers, one with dead letters, one without its secret, one that is off.
import { SecurityEvent } from "../../src/model/security-event.ts";
import { Sink } from "../../src/model/sink.ts";
import type { SinkStatus } from "../../src/apps/server/contract/sinks.ts";
import type { Asked } from "./asked.ts";

const iso = (ms: number): string => new Date(ms).toISOString();
const quiet = {
  delivered: 0,
  bytes: 0,
  cut: 0,
  failures: 0,
  filtered: 0,
  overLimit: 0,
  deadLettered: 0,
  lettersLost: 0,
};
let letters = [1, 2, 3];

function sink(name: string, to: Record<string, unknown>, over: Partial<SinkStatus>): SinkStatus {
  const spec = Sink.parse({ to, enabled: over.state !== "disabled", filter: { severityMin: "medium" } });
  const base = {
    scope: "global",
    generation: 1,
    type: spec.to.type,
    spec,
    target: name,
    state: "ok",
    because: "",
  } as const;
  const rest = { hint: "", lastDelivery: "", lastError: "", queued: 0, behindMs: 0, deadLetters: 0, counts: quiet };
  return { name, ...base, ...rest, ...over };
}

function sinksAt(nowMs: number): SinkStatus[] {
  const refused = "there is no pager-token in /var/lib/garrison/sinks/secrets";
  return [
    sink(
      "siem",
      { type: "syslog", host: "siem.shop.example", transport: "tls", port: 6514 },
      {
        target: "tls://siem.shop.example:6514 (cef)",
        lastDeliveredAt: iso(nowMs - 4000),
        lastDelivery: "sent; TLS took it",
        counts: { ...quiet, delivered: 1284, bytes: 1_180_000, filtered: 310 },
      },
    ),
    sink(
      "chat",
      { type: "webhook", url: "https://chat.shop.example/hook", template: { text: "{{rule}}" } },
      {
        target: "https://chat.shop.example/hook",
        state: letters.length > 0 ? "failing" : "ok",
        because: letters.length > 0 ? "HTTP 400: invalid_payload" : "",
        hint: letters.length > 0 ? "look at the address, the credential and the template" : "",
        lastError: "HTTP 400: invalid_payload",
        lastErrorAt: iso(nowMs - 60_000),
        deadLetters: letters.length,
        counts: { ...quiet, failures: 3, deadLettered: 3, filtered: 1591 },
      },
    ),
    sink(
      "pager",
      { type: "webhook", url: "https://pager.example/v2", secretHeaders: { authorization: { file: "pager-token" } } },
      {
        target: "https://pager.example/v2",
        state: "refused",
        because: refused,
        hint: "put it there, readable for the server's user",
        lastError: refused,
        lastErrorAt: iso(nowMs - 9000),
      },
    ),
    sink("archive", { type: "file", path: "alerts.jsonl" }, { target: "alerts.jsonl (falco)", state: "disabled" }),
  ];
}

function replay() {
  const delivered = letters.length;
  letters = [];
  return { delivered, failed: 0, left: 0, because: "" };
}

export const sinkAnswers = {
  listSinks: ({ nowMs }: Asked) => ({
    sinks: sinksAt(nowMs),
    notices: ["sink chat does not deliver: HTTP 400: invalid_payload"],
  }),
  testSink: ({ params }: Asked) => ({
    ok: params["name"] === "siem",
    because: params["name"] === "siem" ? "sent; TLS took it" : "HTTP 400: invalid_payload",
    hint: "",
    tookMs: 31,
  }),
  sinkDeadLetters: ({ nowMs }: Asked) => ({
    letters: letters.map((id) => ({
      id,
      time: iso(nowMs - id * 60_000),
      because: "HTTP 400: invalid_payload",
      attempts: 1,
      event: SecurityEvent.parse({
        time: iso(nowMs - id * 61_000),
        severity: "high",
        source: "garrison",
        rule: "Shell in a container",
        namespace: "shop",
        workload: "checkout",
      }),
    })),
    total: letters.length,
  }),
  replaySink: replay,
  discardSinkLetters: () => ({ discarded: replay().delivered, left: 0 }),
};

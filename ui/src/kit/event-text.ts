// Events of every kind as one line: what happened, to what, how it ended. Pure.
import type { AnyEvent } from "../../../src/apps/server/contract/telemetry.ts";
import { mainRule } from "../../../src/apps/server/contract/waf-words.ts";
import type { WorkloadKind } from "../../../src/model/identity.ts";
import { formatMicroseconds } from "./format.ts";

export type EventKindName = AnyEvent["kind"];

export const eventKindWords: Readonly<Record<EventKindName, string>> = {
  process: "Process",
  file: "File",
  dns: "DNS",
  http: "HTTP",
  kubernetes: "Kubernetes",
  inventory: "Change",
  audit: "Audit",
  security: "Security",
  waf: "WAF",
  log: "Log",
  span: "Span",
};

export const eventKindNames = Object.keys(eventKindWords) as readonly EventKindName[];

/** The middle column: what happened, in the words of its kind. */
export function eventTitle(event: AnyEvent): string {
  switch (event.kind) {
    case "process":
      return processTitle(event);
    case "file":
      return `${event.action} ${event.path || event.requestedPath}${event.targetPath === "" ? "" : ` → ${event.targetPath}`}`;
    case "dns":
      return `${event.questionType} ${event.question}`;
    case "http":
      return `${event.method} ${event.host}${event.path}`;
    case "kubernetes":
      return `${event.reason} ${event.objectKind}/${event.objectName}: ${event.message}`;
    case "inventory":
      return `${event.objectKind} ${event.objectName}${event.change === "" ? ` ${event.action}` : `: ${event.change}`}`;
    case "audit":
      return `${event.user} ${event.verb} ${[event.resource, event.namespace, event.name].filter((part) => part !== "").join("/")}`;
    case "security":
      return event.title || event.rule;
    case "waf":
      return `${event.method} ${event.host}${event.path}: ${event.messages[mainRule(event)] ?? event.because}`;
    case "log":
      return event.body;
    case "span":
      return event.name;
  }
}

function processTitle(event: Extract<AnyEvent, { kind: "process" }>): string {
  if (event.action === "exit") return `${event.name} ended`;
  const line = event.arguments.join(" ");
  return line === "" ? event.executable || event.name : line;
}

export interface Outcome {
  readonly text: string;
  readonly bad: boolean;
}

/** The last column: how it ended, and whether that is bad. Empty text where an event has no outcome. */
export function eventOutcome(event: AnyEvent): Outcome {
  switch (event.kind) {
    case "process":
      return processOutcome(event);
    case "dns":
      return { text: event.responseCode, bad: event.responseCode !== "NOERROR" };
    case "http":
      return { text: event.status === 0 ? "no answer seen" : String(event.status), bad: event.status >= 500 };
    case "kubernetes":
      return { text: event.type, bad: event.type === "Warning" };
    case "inventory":
      return { text: event.action, bad: /OOMKilled|CrashLoopBackOff|Evicted|not ready/i.test(event.change) };
    case "audit":
      return { text: String(event.responseCode), bad: event.responseCode >= 400 };
    case "security":
      return { text: event.severity, bad: event.severity === "critical" || event.severity === "high" };
    case "waf":
      return { text: event.verdict, bad: event.verdict === "blocked" || event.verdict === "failed" };
    case "log":
      return { text: event.severityText, bad: event.severityNumber >= 17 };
    case "span":
      return { text: event.status || formatMicroseconds(event.durationUs), bad: /error/i.test(event.status) };
    case "file":
      return { text: event.count > 1 ? `${event.count} times` : "", bad: false };
  }
}

function processOutcome(event: Extract<AnyEvent, { kind: "process" }>): Outcome {
  if (event.action !== "exit") return { text: event.action, bad: false };
  if (event.signal > 0) return { text: `signal ${event.signal}`, bad: true };
  return { text: `exit ${event.exitCode}`, bad: event.exitCode !== 0 };
}

/** The process an event happened in; empty where the kind has none. */
export function eventProcess(event: AnyEvent): string {
  if (event.kind === "process") return event.name;
  return "process" in event ? event.process : "";
}

export interface EventSubject {
  readonly namespace: string;
  readonly kind: WorkloadKind;
  readonly name: string;
  /** Why `name` is empty. */
  readonly reason: string;
}

/** The workload an event is about; of the audit log that is the object's workload. */
export function eventSubject(event: AnyEvent): EventSubject {
  const reason = event.kind === "audit" ? event.workloadReason : event.identityReason;
  return { namespace: event.namespace, kind: event.workloadKind, name: event.workload, reason };
}

/** One row of one block: the first page and the stream may both bring it. */
export function eventKey(event: AnyEvent): string {
  const process = "processId" in event ? event.processId : "";
  return `${event.kind}|${event.ingest}|${event.time}|${process}|${eventTitle(event)}`;
}

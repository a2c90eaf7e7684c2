// Kubernetes events (core/v1) -> rows with the subject that they are about; redacted like everything that others wrote.
import { parseInstantMs } from "../../base/instant.ts";
import type { Row } from "../../model/table.ts";
import { finishRow } from "../foreign/row.ts";
import { type Raw, record } from "./parse/raw.ts";
import { type Involved, subjectOfInvolved, type SubjectView } from "./subject.ts";

/** What is kept of an event until its subject can be looked up. */
export interface FoundEvent {
  /** Of the event object. */
  readonly uid: string;
  /** By the cluster's clock; undefined when it does not say. */
  readonly atMs: number | undefined;
  readonly count: number;
  readonly involved: Involved;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly component: string;
}

const wordMax = 253;
/** The redaction looks at this much; the row keeps less. */
const textMax = 32 * 1024;

function text(value: unknown, lengthMax = wordMax): string {
  return typeof value === "string" ? value.slice(0, lengthMax) : "";
}

/** The event, or why it is refused. */
export function readEvent(raw: unknown): FoundEvent | string {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return "it is not an object";
  const event = record(raw);
  const [metadata, source, series] = [record(event["metadata"]), record(event["source"]), record(event["series"])];
  const uid = text(metadata["uid"]);
  if (uid === "") return "it has no uid";
  const involved = record(event["involvedObject"] ?? event["regarding"]);
  const count = series["count"] ?? event["count"] ?? event["deprecatedCount"] ?? 1;
  return {
    uid,
    atMs: timeOf(event, series, metadata),
    count: typeof count === "number" && count >= 1 ? count : 1,
    involved: {
      kind: text(involved["kind"]),
      namespace: text(involved["namespace"]),
      name: text(involved["name"]),
      uid: text(involved["uid"]),
      fieldPath: text(involved["fieldPath"]),
    },
    type: text(event["type"]),
    reason: text(event["reason"]),
    message: text(event["message"] ?? event["note"], textMax),
    component: text(source["component"]) || text(event["reportingComponent"]) || text(event["reportingController"]),
  };
}

/** The newest time that the event tells. */
function timeOf(event: Raw, series: Raw, metadata: Raw): number | undefined {
  const told = [
    series["lastObservedTime"],
    event["lastTimestamp"] ?? event["deprecatedLastTimestamp"],
    event["eventTime"],
    event["firstTimestamp"] ?? event["deprecatedFirstTimestamp"],
    metadata["creationTimestamp"],
  ];
  for (const value of told) {
    const ms = typeof value === "string" ? parseInstantMs(value) : undefined;
    if (ms !== undefined && ms > 0) return ms;
  }
  return undefined;
}

export interface EventSurroundings {
  readonly view: SubjectView;
  readonly nowMs: number;
  /** How far the cluster's clock is ahead of ours. */
  readonly aheadMs: number;
  readonly fidelity: "foreign" | "simulated";
}

/** The row, its time put right by the clocks' difference and never in the future. */
export function eventRowOf(
  { atMs, involved, ...rest }: FoundEvent,
  { view, nowMs, aheadMs, fidelity }: EventSurroundings,
): Row<"kubernetes_events"> {
  const { type, reason, message, component, count } = rest;
  const finished = finishRow("kubernetes_events", "", {
    time: atMs === undefined ? nowMs : Math.min(nowMs, Math.max(0, atMs - aheadMs)),
    type,
    reason,
    message,
    component,
    count,
    objectKind: involved.kind,
    objectName: involved.name,
    ...subjectOfInvolved(view, involved),
    fidelity,
  });
  // The table that was asked for is the table of the row.
  return finished.row as Row<"kubernetes_events">;
}

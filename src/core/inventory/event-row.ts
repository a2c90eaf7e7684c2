// A Kubernetes event (core/v1) -> a row with the subject that it is about; redacted like everything that others wrote.
import { parseInstantMs } from "../../base/instant.ts";
import type { Row } from "../../model/table.ts";
import { finishRow } from "../foreign/row.ts";
import { type Raw, record } from "./parse/raw.ts";
import { subjectOfInvolved, type SubjectView } from "./subject.ts";

export interface EventRow {
  readonly row: Row<"kubernetes_events">;
  /** Of the event object; with the count it tells one occurrence from the next. */
  readonly uid: string;
}

export interface EventSurroundings {
  readonly view: SubjectView;
  readonly nowMs: number;
  /** How far the cluster's clock is ahead of ours. */
  readonly aheadMs: number;
  readonly fidelity: "foreign" | "simulated";
}

/** The row, or why the event is refused. */
export function eventRowOf(raw: unknown, { view, nowMs, aheadMs, fidelity }: EventSurroundings): EventRow | string {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return "it is not an object";
  const event = record(raw);
  const [metadata, source, series] = [record(event["metadata"]), record(event["source"]), record(event["series"])];
  const uid = text(metadata["uid"]);
  if (uid === "") return "it has no uid";
  const involved = record(event["involvedObject"] ?? event["regarding"]);
  const at = timeOf(event, series, metadata);
  const subject = subjectOfInvolved(view, {
    kind: text(involved["kind"]),
    namespace: text(involved["namespace"]),
    name: text(involved["name"]),
    uid: text(involved["uid"]),
    fieldPath: text(involved["fieldPath"]),
  });
  const count = series["count"] ?? event["count"] ?? event["deprecatedCount"] ?? 1;
  const finished = finishRow("kubernetes_events", "", {
    time: at === undefined ? nowMs : Math.min(nowMs, Math.max(0, at - aheadMs)),
    type: text(event["type"]),
    reason: text(event["reason"]),
    message: text(event["message"] ?? event["note"], textMax),
    objectKind: text(involved["kind"]),
    objectName: text(involved["name"]),
    component: text(source["component"] ?? event["reportingComponent"] ?? event["reportingController"]),
    count: typeof count === "number" && count >= 1 ? count : 1,
    ...subject,
    fidelity,
  });
  return finished.table === "kubernetes_events" ? { row: finished.row, uid } : "it is no event";
}

const wordMax = 253;
/** The redaction looks at this much; the row keeps less. */
const textMax = 32 * 1024;

function text(value: unknown, lengthMax = wordMax): string {
  return typeof value === "string" ? value.slice(0, lengthMax) : "";
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

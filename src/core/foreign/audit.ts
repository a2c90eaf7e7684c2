// Kubernetes API server audit events (audit.k8s.io/v1, webhook back end: an EventList; log back end: one event per line) -> audit_events.
// Request and response bodies are never looked at.
import { parseInstantMs } from "../../base/instant.ts";
import { isBrokenLine } from "./batch.ts";
import { at, countAt, isObject, textAt, textsAt } from "./json.ts";
import { finishRow, type Mapped } from "./row.ts";

const decisionKey = "authorization.k8s.io/decision";
const reasonKey = "authorization.k8s.io/reason";
/** What the API server writes of a token that is bound to a pod. */
const podKey = "authentication.kubernetes.io/pod-name";

/** One event of the list. */
export function mapAudit(item: unknown): Mapped {
  if (isBrokenLine(item)) return { because: item.brokenLine };
  if (!isObject(item)) return { because: "it is not an object" };
  const auditId = textAt(item, "auditID");
  if (auditId === "") return { because: "it has no auditID: not an audit event" };
  const receivedMs = parseInstantMs(textAt(item, "requestReceivedTimestamp"));
  const stageMs = parseInstantMs(textAt(item, "stageTimestamp"));
  const time = stageMs ?? receivedMs;
  if (time === undefined) return { because: "it has neither stageTimestamp nor requestReceivedTimestamp" };
  const latencyUs =
    microseconds(textAt(item, "stageTimestamp")) - microseconds(textAt(item, "requestReceivedTimestamp"));
  const reference = at(item, "objectRef");
  const row = finishRow("audit_events", "", {
    time,
    auditId,
    stage: textAt(item, "stage"),
    verb: textAt(item, "verb"),
    user: textAt(item, "user", "username"),
    groups: textsAt(item, "user", "groups"),
    sourceAddresses: textsAt(item, "sourceIPs"),
    userAgent: textAt(item, "userAgent"),
    apiGroup: textAt(reference, "apiGroup"),
    resource: textAt(reference, "resource"),
    subresource: textAt(reference, "subresource"),
    namespace: textAt(reference, "namespace"),
    name: textAt(reference, "name") || (reference === undefined ? pathOf(textAt(item, "requestURI")) : ""),
    responseCode: countAt(item, "responseStatus", "code"),
    decision: textAt(item, "annotations", decisionKey),
    decisionReason: textAt(item, "annotations", reasonKey),
    actorPod: textsAt(item, "user", "extra", podKey)[0] ?? "",
    latencyUs: receivedMs === undefined || stageMs === undefined ? 0 : Math.max(0, latencyUs),
  });
  return { rows: [row] };
}

/** Kubernetes writes six digits of a second; rows keep three, so the difference is taken before that. */
function microseconds(text: string): number {
  const ms = parseInstantMs(text);
  if (ms === undefined) return 0;
  const digits = /\.(\d{1,6})/.exec(text)?.[1] ?? "";
  return Math.floor(ms / 1000) * 1_000_000 + Number(digits.padEnd(6, "0"));
}

/** A request that is about no object (/healthz, /version): its path, never its query. */
function pathOf(uri: string): string {
  const end = uri.search(/[?#]/);
  return end < 0 ? uri : uri.slice(0, end);
}

// Detections of audit events as rows of security_events: who asked is the subject, once the cluster's inventory has said which workload that is. Bodies of objects are
// in none of them but where a rule's output names a part of one, redacted.
import type { Detection } from "../../../core/detect/contract.ts";
import { finishRow, type ForeignRow } from "../../../core/foreign/row.ts";
import type { Row } from "../../../model/table.ts";

export interface AuditDetectionRow {
  readonly security: ForeignRow & { readonly table: "security_events" };
  /** The event's own row, which the inventory completes. */
  readonly audit: ForeignRow & { readonly table: "audit_events" };
}

export function auditDetectionRow(detection: Detection, audit: AuditDetectionRow["audit"]): AuditDetectionRow {
  const { user, auditId } = audit.row;
  const security = finishRow("security_events", "", {
    time: audit.row.time,
    severity: detection.severity,
    source: "garrison",
    rule: detection.rule,
    title: detection.title,
    message: detection.output,
    tags: [...detection.tags],
    techniques: [...detection.techniques],
    evidence: detection.evidence.map(({ timeMs, kind, text }) => `${new Date(timeMs).toISOString()} ${kind}: ${text}`),
    outputFields: [
      `ka.auditid=${auditId}`,
      ...detection.outputFields.map(([name, value]) => `${name}=${value}`),
      ...(user === "" || detection.outputFields.some(([name]) => name === "ka.user.name")
        ? []
        : [`ka.user.name=${user}`]),
    ],
    count: detection.count + detection.suppressedBefore,
    process: user,
  });
  return { security: security as AuditDetectionRow["security"], audit };
}

/** After the inventory was asked: who asked, as a workload, or why it is none. In place. */
export function nameActor({ security, audit }: AuditDetectionRow): void {
  const { actorNamespace, actorWorkload, actorKind, actorPod, actorReason } = audit.row;
  const subject: Partial<Row<"security_events">> = {
    namespace: actorNamespace,
    workload: actorWorkload,
    workloadKind: actorWorkload === "" ? "Unknown" : actorKind,
    pod: actorPod,
    identityReason: actorWorkload === "" ? actorReason : "",
  };
  Object.assign(security.row, subject);
}

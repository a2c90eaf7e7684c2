// An entry of a Kubernetes API server's audit log. Request and response bodies are dropped at the door.
import { z } from "zod";
import { choice, text, time, u16, u32, word, words } from "./column.ts";
import { fidelities, originColumns, workloadKinds } from "./identity.ts";

export const AuditEvent = z.object({
  time: time(),
  ...originColumns,
  auditId: text(),
  stage: word(),
  verb: word(),
  user: word(),
  groups: words(),
  sourceAddresses: words(),
  userAgent: text(),
  apiGroup: word(),
  resource: word(),
  subresource: word(),
  namespace: word(),
  name: text(),
  /** The workload that the object belongs to (a pod's owner, the Deployment itself, ...); empty with a reason. */
  workload: word(),
  workloadKind: choice(workloadKinds).default("Unknown"),
  workloadReason: word(),
  /** Who asked, when it was a pod of the cluster: by its service account and source address. */
  actorNamespace: word(),
  actorWorkload: word(),
  actorKind: choice(workloadKinds).default("Unknown"),
  actorPod: word(),
  actorReason: word(),
  responseCode: u16(),
  decision: word(),
  decisionReason: text(),
  latencyUs: u32(),
  fidelity: choice(fidelities).default("foreign"),
});
export type AuditEvent = z.infer<typeof AuditEvent>;

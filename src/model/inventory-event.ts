// An object of a cluster's inventory appeared, changed, was still there at a daily look, or went. The newest row of an object at or before a
// time is what it was then: "as of" questions are answered from these rows. `object` never holds environment values.
import { z } from "zod";
import { choice, text, texts, time, word } from "./column.ts";
import { fidelities, originColumns, subjectColumns } from "./identity.ts";

export const inventoryActions = ["added", "changed", "seen", "removed"] as const;

export const InventoryEvent = z.object({
  time: time(),
  ...originColumns,
  action: choice(inventoryActions),
  /** "Pod", "Deployment", "Service", ... (inventoryKinds of inventory.ts). */
  objectKind: word(),
  objectName: text(),
  uid: text(),
  /** The Kubernetes node that a pod runs on; for a Node its own name. `node` is who told the row. */
  onNode: word(),
  addresses: texts(),
  /** What changed, in words for a person: "image web:1.4 -> web:1.5", "replicas 2 -> 4", "container db: OOMKilled". */
  change: text(),
  /** The object as JSON, in the shape of inventory.ts; empty for "removed". */
  object: text(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("foreign"),
});
export type InventoryEvent = z.infer<typeof InventoryEvent>;

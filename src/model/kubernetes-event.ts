// A core/v1 or events.k8s.io event, as the cluster recorded it.
import { z } from "zod";
import { choice, text, time, u32, word } from "./column.ts";
import { fidelities, originColumns, subjectColumns } from "./identity.ts";

export const KubernetesEvent = z.object({
  time: time(),
  ...originColumns,
  /** "Normal" | "Warning" in today's Kubernetes; kept as given. */
  type: word(),
  reason: word(),
  message: text(),
  objectKind: word(),
  objectName: word(),
  component: word(),
  count: u32(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("foreign"),
});
export type KubernetesEvent = z.infer<typeof KubernetesEvent>;

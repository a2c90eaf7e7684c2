// The things of a cluster that events point at. Filled by edge/kube and by agents; the foundation fills what a bare machine has.
import { z } from "zod";

export const Namespace = z.object({
  cluster: z.string(),
  name: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
});
export type Namespace = z.infer<typeof Namespace>;

export const Service = z.object({
  cluster: z.string(),
  namespace: z.string(),
  name: z.string(),
  addresses: z.array(z.string()).default([]),
  ports: z.array(z.object({ name: z.string().default(""), protocol: z.string(), port: z.int() })).default([]),
  selector: z.record(z.string(), z.string()).default({}),
});
export type Service = z.infer<typeof Service>;

/** An addressable pod or host interface. */
export const Endpoint = z.object({
  cluster: z.string(),
  node: z.string(),
  namespace: z.string(),
  name: z.string(),
  workload: z.string(),
  addresses: z.array(z.string()),
  labels: z.record(z.string(), z.string()).default({}),
});
export type Endpoint = z.infer<typeof Endpoint>;

export const Image = z.object({
  reference: z.string(),
  /** "sha256:..."; empty when the runtime did not say. */
  digest: z.string().default(""),
});
export type Image = z.infer<typeof Image>;

// A resource kind: a network namespace of this machine that policies shall see as a workload, where no Kubernetes tells of pods.
// Scope is the node. Its agent looks the addresses up in the namespace itself; an entry that names others is told as refused, and addresses of others do
// not count, while what comes by the namespace's own link stays under its policies.
import { z } from "zod";

export const LocalEndpoint = z.strictObject({
  /** Name as in `ip netns`. */
  netns: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
  namespace: z.string().min(1).max(63).default("default"),
  name: z.string().min(1).max(253),
  labels: z.record(z.string().max(317), z.string().max(63)).default({}),
  namespaceLabels: z.record(z.string().max(317), z.string().max(63)).default({}),
  serviceAccount: z.string().max(253).default("default"),
  /** As they were when the entry was written. Where two namespaces have an address that the node reaches by neither one's link alone, the entry decides. */
  addresses: z.array(z.string().max(64)).max(32).default([]),
  ports: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(63),
        protocol: z.enum(["tcp", "udp"]),
        port: z.int().min(1).max(65_535),
      }),
    )
    .max(64)
    .default([]),
});
export type LocalEndpoint = z.infer<typeof LocalEndpoint>;

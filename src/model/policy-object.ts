// A resource kind: one policy object in the words of its own dialect (Kubernetes, Calico v3, Cilium): policies, tiers, network sets, host endpoints,
// profiles. The manifest is kept as it was written; core/policy parses it. Resource name: kind, namespace and name joined by dots.
import { z } from "zod";

export const PolicyObject = z.strictObject({
  manifest: z
    .looseObject({
      apiVersion: z.string().min(1).max(253),
      kind: z.string().min(1).max(63),
      metadata: z.looseObject({ name: z.string().min(1).max(253), namespace: z.string().max(63).optional() }),
    })
    .describe("The object as in the cluster: apiVersion, kind, metadata, spec"),
});
export type PolicyObject = z.infer<typeof PolicyObject>;

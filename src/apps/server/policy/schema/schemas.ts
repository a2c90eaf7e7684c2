// The list of JSON Schemas: every kind of policy object that is read. A new kind is one line in its dialect's file.
import { calicoSchemas } from "./calico.ts";
import { ciliumSchemas } from "./cilium.ts";
import { kubernetesSchemas } from "./kubernetes.ts";
import type { KindSchema } from "./shapes.ts";

export const policySchemas: readonly KindSchema[] = [...kubernetesSchemas, ...calicoSchemas, ...ciliumSchemas];

// JSON Schemas of Cilium's policy kinds, as far as they are imported: what cannot be represented is reported when it is put.
import {
  anyOf,
  choice,
  integer,
  type KindSchema,
  labelSelector,
  list,
  manifest,
  object,
  type Schema,
  text,
  yesNo,
} from "./shapes.ts";

const apiVersion = "cilium.io/v2";
const cidr = text("10.0.0.0/8");
const entities = choice([
  "all",
  "world",
  "world-ipv4",
  "world-ipv6",
  "cluster",
  "host",
  "remote-node",
  "kube-apiserver",
  "init",
  "ingress",
  "health",
  "unmanaged",
  "none",
]);
const cidrSet = list(object({ cidr, except: list(cidr) }, ["cidr"]));
const toPorts = list(
  object({
    ports: list(
      object({
        port: anyOf(text(), integer(0, 65_535)),
        endPort: integer(0, 65_535),
        protocol: choice(["TCP", "UDP", "SCTP", "ANY"]),
      }),
    ),
    rules: object({ http: list({ type: "object" }), dns: list({ type: "object" }), kafka: list({ type: "object" }) }),
  }),
);
const icmps = list(
  object({ fields: list(object({ family: choice(["IPv4", "IPv6"]), type: anyOf(integer(0, 255), text()) })) }),
);

const from = {
  fromEndpoints: list(labelSelector, "An empty selector: everything in the policy's namespace"),
  fromEntities: list(entities),
  fromCIDR: list(cidr, "Addresses outside of the cluster only"),
  fromCIDRSet: cidrSet,
  fromNodes: list(labelSelector),
  toPorts,
  icmps,
} satisfies Record<string, Schema>;

const to = {
  toEndpoints: list(labelSelector),
  toEntities: list(entities),
  toCIDR: list(cidr, "Addresses outside of the cluster only"),
  toCIDRSet: cidrSet,
  toNodes: list(labelSelector),
  toServices: list({ type: "object" }),
  toFQDNs: list(object({ matchName: text(), matchPattern: text("*.example.com") })),
  toPorts,
  icmps,
} satisfies Record<string, Schema>;

const rule = object({
  endpointSelector: labelSelector,
  nodeSelector: labelSelector,
  ingress: list(object(from)),
  ingressDeny: list(object(from)),
  egress: list(object(to)),
  egressDeny: list(object(to)),
  enableDefaultDeny: object({ ingress: yesNo, egress: yesNo }),
  description: text(),
  labels: list({ type: "object" }),
});

function ofKind(kind: string, isNamespaced: boolean, summary: string): KindSchema {
  const made = manifest({ apiVersion, kind, dialect: "cilium", isNamespaced, summary }, rule, { isSpecOptional: true });
  const properties = made.schema["properties"] as Record<string, Schema>;
  return {
    ...made,
    schema: {
      ...made.schema,
      properties: { ...properties, specs: list(rule) },
      anyOf: [{ required: ["spec"] }, { required: ["specs"] }],
    },
  };
}

export const ciliumSchemas: readonly KindSchema[] = [
  ofKind("CiliumNetworkPolicy", true, "Cilium's policy for the pods of a namespace"),
  ofKind("CiliumClusterwideNetworkPolicy", false, "Cilium's policy for the whole cluster"),
];

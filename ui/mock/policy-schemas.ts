// A few JSON Schemas for the editor: the server has one for every kind that is read.
const text = { type: "string" };
const labelSelector = {
  type: "object",
  properties: { matchLabels: { type: "object", additionalProperties: text }, matchExpressions: { type: "array" } },
  additionalProperties: false,
};
const port = {
  type: "object",
  properties: {
    protocol: { enum: ["TCP", "UDP", "SCTP"], description: "Default TCP" },
    port: {},
    endPort: { type: "integer" },
  },
  additionalProperties: false,
};
const peer = {
  type: "object",
  properties: {
    podSelector: labelSelector,
    namespaceSelector: labelSelector,
    ipBlock: { type: "object", properties: { cidr: text, except: { type: "array", items: text } }, required: ["cidr"] },
  },
  additionalProperties: false,
};

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly dialect: "kubernetes" | "calico";
  readonly summary: string;
  readonly isNamespaced: boolean;
}

function schemaOf({ apiVersion, kind, isNamespaced }: Kind, spec: object) {
  const metadata = {
    type: "object",
    properties: { name: text, ...(isNamespaced ? { namespace: text } : {}) },
    required: ["name"],
  };
  return {
    title: kind,
    type: "object",
    properties: { apiVersion: { const: apiVersion }, kind: { const: kind }, metadata, spec },
    required: ["apiVersion", "kind", "metadata", "spec"],
    additionalProperties: false,
  };
}

const networkPolicy: Kind = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  dialect: "kubernetes",
  summary: "Isolates the pods of a namespace and allows what it lists",
  isNamespaced: true,
};
const tier: Kind = {
  apiVersion: "projectcalico.org/v3",
  kind: "Tier",
  dialect: "calico",
  summary: "A group of policies that is asked as a whole, before or after others",
  isNamespaced: false,
};

export const mockSchemas = [
  {
    ...networkPolicy,
    schema: schemaOf(networkPolicy, {
      type: "object",
      properties: {
        podSelector: labelSelector,
        policyTypes: { type: "array", items: { enum: ["Ingress", "Egress"] } },
        ingress: {
          type: "array",
          items: {
            type: "object",
            properties: { from: { type: "array", items: peer }, ports: { type: "array", items: port } },
          },
        },
        egress: {
          type: "array",
          items: {
            type: "object",
            properties: { to: { type: "array", items: peer }, ports: { type: "array", items: port } },
          },
        },
      },
      additionalProperties: false,
    }),
  },
  {
    ...tier,
    schema: schemaOf(tier, {
      type: "object",
      properties: { order: { type: "number" }, defaultAction: { enum: ["Deny", "Pass"] } },
      additionalProperties: false,
    }),
  },
];

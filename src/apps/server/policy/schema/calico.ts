// JSON Schemas of the Calico v3 kinds: policies and their staged twins, tiers, network sets, host endpoints, profiles.
import {
  anyOf,
  choice,
  integer,
  type KindSchema,
  labels,
  labelSelector,
  list,
  manifest,
  object,
  type Schema,
  text,
  yesNo,
} from "./shapes.ts";

const apiVersion = "projectcalico.org/v3";
const selector = text("Selector: app == 'web' && has(tier)");
const net = text("10.0.0.0/8, 2001:db8::/32");
const port = anyOf(integer(0, 65_535), text('"8080", "8000:8999" or a port\'s name'));
const protocol = anyOf(choice(["TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite"]), integer(1, 255));
const icmp = object({ type: integer(0, 254), code: integer(0, 255) });

const entity = {
  nets: list(net),
  notNets: list(net),
  selector,
  notSelector: selector,
  namespaceSelector: text("Selector over labels of namespaces; all() or global()"),
  ports: list(port),
  notPorts: list(port),
  services: object({ name: text(), namespace: text() }),
  serviceAccounts: object({ names: list(text()), selector }),
} satisfies Record<string, Schema>;

function rules(direction: "ingress" | "egress"): Schema {
  const domains = direction === "egress" ? { domains: list(text("*.example.com"), "Allow rules only") } : {};
  return list(
    object(
      {
        action: choice(["Allow", "Deny", "Log", "Pass"]),
        ipVersion: { enum: [4, 6] },
        protocol,
        notProtocol: protocol,
        icmp,
        notICMP: icmp,
        source: object(entity),
        destination: object({ ...entity, ...domains }),
        http: object({
          methods: list(text()),
          paths: list(object({ exact: text(), prefix: text() })),
        }),
        metadata: object({ annotations: labels }),
      },
      ["action"],
    ),
    "The first that matches decides",
  );
}

const common = {
  tier: text('Absent: "default"'),
  order: { type: "number", description: "The lower number is asked first; absent: last" },
  selector: text("Whom it applies to; absent: everything"),
  serviceAccountSelector: selector,
  types: list(choice(["Ingress", "Egress"])),
  ingress: rules("ingress"),
  egress: rules("egress"),
  performanceHints: list(text()),
} satisfies Record<string, Schema>;

const forGlobal = {
  namespaceSelector: selector,
  doNotTrack: yesNo,
  preDNAT: yesNo,
  applyOnForward: yesNo,
} satisfies Record<string, Schema>;

const staged = { stagedAction: choice(["Set", "Delete", "Learn", "Ignore"]) } satisfies Record<string, Schema>;

function kind(name: string, isNamespaced: boolean, summary: string): Omit<KindSchema, "schema"> {
  return { apiVersion, kind: name, dialect: "calico", isNamespaced, summary };
}

const netSet = object({ nets: list(net), allowedEgressDomains: list(text("*.example.com")) });

export const calicoSchemas: readonly KindSchema[] = [
  manifest(kind("NetworkPolicy", true, "Ordered rules for the workloads of a namespace"), object(common)),
  manifest(
    kind("GlobalNetworkPolicy", false, "Ordered rules for the whole cluster"),
    object({ ...common, ...forGlobal }),
  ),
  manifest(
    kind("StagedNetworkPolicy", true, "As a NetworkPolicy, but only watched: no packet is touched"),
    object({ ...common, ...staged }),
  ),
  manifest(
    kind("StagedGlobalNetworkPolicy", false, "As a GlobalNetworkPolicy, but only watched"),
    object({ ...common, ...forGlobal, ...staged }),
  ),
  manifest(
    kind("StagedKubernetesNetworkPolicy", true, "As Kubernetes' NetworkPolicy, but only watched"),
    object({
      ...staged,
      podSelector: labelSelector,
      policyTypes: list(choice(["Ingress", "Egress"])),
      ingress: list({ type: "object" }),
      egress: list({ type: "object" }),
    }),
  ),
  manifest(
    kind("Tier", false, "A group of policies that is asked as a whole, before or after others"),
    object({
      order: { type: "number", description: "The lower number is asked first" },
      defaultAction: choice(["Deny", "Pass"], "What becomes of what a policy applied to and no rule matched"),
    }),
  ),
  manifest(kind("NetworkSet", true, "Addresses and names under labels"), netSet),
  manifest(kind("GlobalNetworkSet", false, "Addresses and names under labels, for every namespace"), netSet),
  manifest(
    kind("HostEndpoint", false, "An interface of a node, or all of them, that policies apply to"),
    object({
      node: text(),
      interfaceName: text('"*": every interface'),
      expectedIPs: list(text()),
      profiles: list(text()),
      ports: list(object({ name: text(), port: integer(1, 65_535), protocol }, ["name", "port", "protocol"])),
    }),
  ),
  manifest(
    kind("Profile", false, "Rules for endpoints that no tier decided about"),
    object({ ingress: rules("ingress"), egress: rules("egress"), labelsToApply: labels }),
    { isSpecOptional: true },
  ),
];

// A seeded cluster with policies for benches and properties: namespaces of applications, each with pods, Kubernetes-like policies that name
// each other by labels, some address blocks, and flows between them. The same parameters give the same world.
import { parsePrefix } from "../../src/base/ip.ts";
import { and, eq, isIn } from "../../src/core/policy/selector/build.ts";
import { selectorOf } from "../../src/core/policy/selector/canonical.ts";
import type {
  EntityMatch,
  Policy,
  PolicySet,
  PortMatch,
  Prefix,
  Rule,
  SourcePlace,
} from "../../src/core/policy/model.ts";
import type { SelectorNode } from "../../src/core/policy/selector/selector.ts";
import type { PolicyFlow, World, WorldEndpoint } from "../../src/core/policy/world.ts";

export interface PolicyWorldShape {
  readonly seed: number;
  readonly pods: number;
  readonly policies: number;
  /** Default: one per 100 pods, at least 4. */
  readonly namespaces?: number;
}

export interface PolicyWorld {
  readonly set: PolicySet;
  readonly world: World;
}

const appsPerNamespace = 10;
const roles = ["web", "api", "db", "cache", "job"] as const;
const ports = [80, 443, 5432, 6379, 8080, 8443, 9090, 9200] as const;
export const place: SourcePlace = { file: "", document: 0, line: 1 };

/** Numbers from 0 to below 1, from a seed (mulberry32). */
export function createChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function pick<Item>(chance: () => number, list: readonly Item[]): Item {
  return list[Math.floor(chance() * list.length)] as Item;
}

export function prefixOf(text: string): Prefix {
  const range = parsePrefix(text);
  if (range === undefined) throw new Error(`no prefix: ${text}`);
  return { text, range };
}

const namespaceName = (index: number) => `ns-${index}`;

export function createPolicyWorld(shape: PolicyWorldShape): PolicyWorld {
  const chance = createChance(shape.seed);
  const count = shape.namespaces ?? Math.max(4, Math.ceil(shape.pods / 100));
  const namespaces = Array.from({ length: count }, (_, index) => ({
    name: namespaceName(index),
    labels: { team: `team-${index % 12}`, stage: index % 3 === 0 ? "prod" : "dev" },
  }));
  const endpoints = Array.from({ length: shape.pods }, (_, index) => podOf(index, count));
  const policies = Array.from({ length: shape.policies }, (_, index) => policyOf(index, count, chance));
  const tiers = [{ name: "default", order: 1_000_000, defaultAction: "Deny" as const, place }];
  return {
    set: { tiers, policies, networkSets: [], hostEndpoints: [], profiles: [] },
    world: { namespaces, serviceAccounts: [], endpoints, services: [], ranges: ["10.0.0.0/8"], incomplete: "" },
  };
}

function podOf(index: number, namespaceCount: number): WorldEndpoint {
  const namespace = namespaceName(index % namespaceCount);
  const number = Math.floor(index / namespaceCount);
  const app = `app-${number % appsPerNamespace}`;
  const name = `${app}-${number}`;
  return {
    id: `pod/${namespace}/${name}`,
    kind: "workload",
    namespace,
    name,
    labels: {
      app,
      role: roles[number % roles.length] ?? "web",
      version: `v${number % 3}`,
      "pod-template-hash": ((index * 2_654_435_761) >>> 0).toString(36),
    },
    serviceAccount: "default",
    addresses: [podAddress(index)],
    ports: [{ name: "http", protocol: 6, port: 8080 }],
    node: `node-${index % 50}`,
    workload: `Deployment/${app}`,
    interfaceName: "",
  };
}

/** Of 10.0.0.0/8, one per number. */
export function podAddress(index: number): string {
  const number = index + 256;
  return `10.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
}

function inNamespace(namespace: string, node: SelectorNode): SelectorNode {
  return and(eq("projectcalico.org/namespace", namespace), node);
}

function peerOf(namespace: string, count: number, chance: () => number): EntityMatch {
  const app = eq("app", `app-${Math.floor(chance() * appsPerNamespace)}`);
  const kinds = ["workload"] as const;
  const roll = chance();
  if (roll < 0.5) return { selector: selectorOf(inNamespace(namespace, app)), kinds };
  if (roll < 0.75) {
    const other = namespaceName(Math.floor(chance() * count));
    return { selector: selectorOf(and(eq("pcns.kubernetes.io/metadata.name", other), app)), kinds };
  }
  if (roll < 0.9) {
    const team = eq("pcns.team", `team-${Math.floor(chance() * 12)}`);
    return { selector: selectorOf(and(team, isIn("role", [pick(chance, roles), pick(chance, roles)]))), kinds };
  }
  const net = prefixOf(`10.${Math.floor(chance() * 4)}.0.0/16`);
  return { nets: [net], notNets: [prefixOf(`10.${Math.floor(chance() * 4)}.${Math.floor(chance() * 256)}.0/24`)] };
}

function ruleOf(written: number, peer: Pick<Rule, "source" | "destination">, chance: () => number): Rule {
  const list: PortMatch[] = [pick(chance, ports), pick(chance, ports)].map((port) => ({ from: port, to: port }));
  if (chance() < 0.1) list.push({ name: "http" });
  if (chance() < 0.1) list.push({ from: 30_000, to: 32_767 });
  return {
    action: "Allow",
    written,
    name: "",
    protocol: 6,
    ...peer,
    destination: { ...peer.destination, ports: list },
  };
}

function policyOf(index: number, count: number, chance: () => number): Policy {
  const namespace = namespaceName(index % count);
  const number = Math.floor(index / count);
  const name = `policy-${number}`;
  const subject = chance() < 0.85 ? eq("app", `app-${number % appsPerNamespace}`) : eq("role", pick(chance, roles));
  const isEgress = chance() < 0.4;
  const ruleCount = 1 + Math.floor(chance() * 3);
  const rules = Array.from({ length: ruleCount }, (_, at) => {
    const peer = peerOf(namespace, count, chance);
    return ruleOf(at, isEgress ? { source: {}, destination: peer } : { source: peer, destination: {} }, chance);
  });
  return {
    id: `kubernetes/NetworkPolicy/${namespace}/${name}`,
    dialect: "kubernetes",
    kind: "NetworkPolicy",
    namespace,
    name,
    tier: "default",
    order: 1000,
    selector: selectorOf(inNamespace(namespace, subject)),
    kinds: ["workload"],
    directions: [isEgress ? "egress" : "ingress"],
    ingress: isEgress ? [] : rules,
    egress: isEgress ? rules : [],
    endsTier: true,
    doNotTrack: false,
    preDnat: false,
    applyOnForward: false,
    place,
  };
}

/**
 * As a cluster's traffic is: applications call a few others on one port each (half of them in their own namespace), between any of their
 * pods; a tenth goes to addresses outside. Some of it is allowed by the policies, most is not.
 */
export function flowsOf({ world }: PolicyWorld, count: number, seed: number): readonly PolicyFlow[] {
  const chance = createChance(seed);
  const byApp = Map.groupBy(world.endpoints, ({ namespace, workload }) => `${namespace}/${workload}`);
  const apps = [...byApp.keys()].sort();
  const edges = Array.from({ length: apps.length * 4 }, () => {
    const source = pick(chance, apps);
    const near = apps.filter((app) => app.startsWith(`${source.split("/")[0]}/`));
    return { source, destination: pick(chance, chance() < 0.5 ? near : apps), port: pick(chance, ports) };
  });
  const podOf = (app: string) => pick(chance, byApp.get(app) ?? world.endpoints);
  return Array.from({ length: count }, (): PolicyFlow => {
    const edge = pick(chance, edges);
    const source = podOf(edge.source);
    const destination = podOf(edge.destination);
    const outside = `192.0.${Math.floor(chance() * 3)}.${Math.floor(chance() * 256)}`;
    return {
      source: { endpoint: source.id, address: source.addresses[0] ?? "" },
      destination:
        chance() < 0.1
          ? { endpoint: "", address: outside }
          : { endpoint: destination.id, address: destination.addresses[0] ?? "" },
      protocol: 6,
      sourcePort: 40_000,
      destinationPort: edge.port,
    };
  });
}

// A recommendation, written in any dialect, read back and judged, allows nothing that was not shown or told.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createPolicyEngine } from "../evaluate/create-engine.ts";
import { parseManifests } from "../parse/parse-policies.ts";
import type { RecordedFlow, World, WorldEndpoint } from "../world.ts";
import { type WriteDialect, writeDialects } from "../write/draft.ts";
import { writeDraft } from "../write/write-draft.ts";
import { recommend } from "./recommend.ts";

const day = 86_400_000;
const namespaces = ["a", "b"] as const;
const owners = ["web", "api", "db", "job"] as const;
const outside = ["203.0.113.7", "203.0.113.8", "192.168.3.3"] as const;
const names = ["one.example", "two.example"] as const;
const ports = [53, 80, 443, 5432] as const;

const labelSet = fc.record(
  { app: fc.constantFrom("x", "y"), tier: fc.constantFrom("x", "y"), name: fc.constantFrom(...owners) },
  { requiredKeys: ["app"] },
);
/** Two pods for each of eight owners; their labels may make owners alike. */
const worldOf = fc.array(labelSet, { minLength: 8, maxLength: 8 }).map((labels): World => {
  const endpoints = labels.flatMap((own, index) =>
    [0, 1].map((number): WorldEndpoint => {
      const namespace = namespaces[index % 2] ?? "a";
      const owner = owners[index >> 1] ?? "web";
      return {
        id: `pod/${namespace}/${owner}-${number}`,
        kind: "workload",
        namespace,
        name: `${owner}-${number}`,
        labels: { ...own, "pod-template-hash": "7d9f8c6b5" },
        serviceAccount: "default",
        addresses: [`10.0.${index}.${number + 1}`],
        ports: [],
        node: "n",
        workload: `Deployment/${owner}`,
        interfaceName: "",
      };
    }),
  );
  return {
    namespaces: namespaces.map((name) => ({ name, labels: { "kubernetes.io/metadata.name": name } })),
    serviceAccounts: [],
    endpoints,
    services: [],
    ranges: ["10.0.0.0/8"],
    incomplete: "",
  };
});

const end = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...namespaces), fc.constantFrom(...owners), fc.nat(1))
      .map(([ns, owner, n]) => `pod/${ns}/${owner}-${n}`),
  },
  { weight: 1, arbitrary: fc.constantFrom(...outside) },
);
const flow = fc
  .record({
    from: end,
    to: end,
    port: fc.constantFrom(...ports),
    protocol: fc.constantFrom(6, 17),
    days: fc.integer({ min: 1, max: 3 }),
    verdict: fc.constantFrom("allow", "allow", "deny", "unknown"),
    domains: fc.option(fc.subarray([...names]), { nil: undefined }),
  })
  .map(({ from, to, port, protocol, days, verdict, domains }): RecordedFlow => {
    const endOf = (text: string) =>
      text.startsWith("pod/") ? { endpoint: text, address: "" } : { endpoint: "", address: text };
    const recorded = {
      source: endOf(from),
      destination: endOf(to),
      protocol,
      sourcePort: 0,
      destinationPort: port,
      connections: 10,
      bytes: 10,
      firstMs: 0,
      lastMs: (days - 1) * day,
      days,
      verdict,
      sourceWorkload: "",
      destinationWorkload: "",
    };
    return domains === undefined ? recorded : { ...recorded, domains };
  });

const ownerOf = (text: string): string => text.replace(/^pod\/(.*)-\d$/, "$1");

/** "a/web -> b/db 5432 6", by owner or address, of what was let through. */
function shownBy(flows: readonly RecordedFlow[], groupOf: (owner: string) => string): ReadonlySet<string> {
  const shown = new Set<string>();
  for (const { source, destination, destinationPort, protocol, verdict, domains = [] } of flows) {
    if (verdict === "deny" || (verdict === "unknown" && protocol === 6)) continue;
    const from = groupOf(ownerOf(source.endpoint || source.address));
    for (const to of [groupOf(ownerOf(destination.endpoint || destination.address)), ...domains])
      shown.add(`${from} -> ${to} ${destinationPort} ${protocol}`);
  }
  return shown;
}

function check(
  world: World,
  flows: readonly RecordedFlow[],
  dialect: WriteDialect,
  per: "workload" | "namespace",
): void {
  const found = recommend(flows, world, { per, names: dialect !== "kubernetes" });
  const place = { file: "", document: 0, line: 1 };
  const manifests = found.policies.flatMap(({ draft }) => writeDraft(draft, dialect).manifests);
  const { set, problems } = parseManifests(manifests.map((manifest) => ({ manifest, place })));
  assert.deepEqual(
    problems.filter(({ severity }) => severity === "error"),
    [],
  );
  const engine = createPolicyEngine({ set, world });
  const groups = new Map(
    found.policies.flatMap(({ workloads }) =>
      workloads.map((one) => [one.replace("Deployment/", ""), workloads.join("+")] as const),
    ),
  );
  const groupOf = (owner: string): string =>
    groups.get(owner) ?? (per === "namespace" ? (owner.split("/")[0] ?? "") : owner);
  const shown = shownBy(flows, groupOf);
  const all = [...world.endpoints.map(({ id }) => id), ...outside];
  const endOf = (text: string) =>
    text.startsWith("pod/") ? { endpoint: text, address: "" } : { endpoint: "", address: text };
  for (const from of all) {
    for (const to of all) {
      // A pod to itself is nobody's to decide; between two addresses there is no policy.
      if (from === to || (!from.startsWith("pod/") && !to.startsWith("pod/"))) continue;
      for (const port of ports) {
        for (const domains of to.startsWith("pod/") ? [[]] : [[], [names[0]], [names[1]]]) {
          const verdict = engine.evaluate({
            source: endOf(from),
            destination: endOf(to),
            protocol: 6,
            sourcePort: 0,
            destinationPort: port,
            domains,
          });
          const [source, destination] = [groupOf(ownerOf(from)), groupOf(ownerOf(to))];
          const isShown = [destination, ...domains].some((one) => shown.has(`${source} -> ${one} ${port} 6`));
          const words = `${dialect} ${per} ${from} -> ${to} ${port} ${domains.join()}`;
          const [sends, receives] = [groups.has(ownerOf(from)), groups.has(ownerOf(to))];
          if (sends && verdict.egress.verdict === "allow") assert.ok(isShown, `egress ${words}`);
          // ClusterNetworkPolicy has no words for sources outside the cluster: the writer says so in a note.
          const isSayable = dialect !== "cluster" || from.startsWith("pod/");
          if (receives && isSayable && verdict.ingress.verdict === "allow") assert.ok(isShown, `ingress ${words}`);
        }
      }
    }
  }
}

test("never allows a flow that it was not shown or told, in any dialect", () => {
  fc.assert(
    fc.property(
      worldOf,
      fc.array(flow, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(...writeDialects),
      fc.constantFrom("workload" as const, "namespace" as const),
      check,
    ),
    { numRuns: 150 },
  );
});

test("the property bites: a flow that was shown on enough days is allowed", () => {
  const [world] = fc.sample(worldOf, { numRuns: 1, seed: 1 });
  assert.ok(world !== undefined);
  const alike = world.endpoints.map((endpoint) => ({ ...endpoint, labels: { app: endpoint.workload.slice(11) } }));
  const shown: RecordedFlow = {
    source: { endpoint: "pod/a/web-0", address: "" },
    destination: { endpoint: "pod/b/db-1", address: "" },
    protocol: 6,
    sourcePort: 0,
    destinationPort: 5432,
    connections: 10,
    bytes: 10,
    firstMs: 0,
    lastMs: 2 * day,
    days: 3,
    verdict: "allow",
    sourceWorkload: "",
    destinationWorkload: "",
  };
  for (const dialect of writeDialects) {
    const { policies } = recommend([shown], { ...world, endpoints: alike });
    const place = { file: "", document: 0, line: 1 };
    const manifests = policies.flatMap(({ draft }) => writeDraft(draft, dialect).manifests);
    const { set } = parseManifests(manifests.map((manifest) => ({ manifest, place })));
    const engine = createPolicyEngine({ set, world: { ...world, endpoints: alike } });
    const asked = {
      ...shown,
      source: { endpoint: "pod/a/web-1", address: "" },
      destination: { endpoint: "pod/b/db-0", address: "" },
    };
    assert.equal(engine.evaluate(asked).verdict, "allow", dialect);
    assert.equal(engine.evaluate({ ...asked, destinationPort: 80 }).verdict, "deny", dialect);
  }
});

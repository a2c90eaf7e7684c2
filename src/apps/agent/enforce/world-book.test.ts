import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as holds, boolean, constantFrom, property, record, subarray } from "fast-check";
import type { z } from "zod";
import { IdentityEntry } from "../../../model/identity-entry.ts";
import { LocalEndpoint } from "../../../model/local-endpoint.ts";
import { createWorldBook, type WorldSources } from "./world-book.ts";

const entry = (more: Partial<z.input<typeof IdentityEntry>>): IdentityEntry =>
  IdentityEntry.parse({
    key: "k",
    kind: "pod",
    addresses: [],
    namespace: "shop",
    workload: "w",
    workloadKind: "Pod",
    fromMs: 0,
    ...more,
  });

const web = entry({
  key: "Pod/1",
  pod: "web",
  podUid: "1",
  node: "n1",
  addresses: ["10.1.0.1"],
  labels: { app: "web" },
  serviceAccount: "web",
  services: ["web"],
  namedPorts: [{ name: "http", protocol: "TCP", port: 8080 }],
});
const far = entry({ key: "Pod/2", pod: "far", podUid: "2", node: "n2", addresses: ["10.1.1.1"], services: ["web"] });
const service = entry({
  key: "Service/1",
  kind: "service",
  addresses: ["10.96.0.5"],
  services: ["web"],
  ports: [{ protocol: "tcp", port: 80, targetPort: 0, targetName: "http" }],
  backends: [{ address: "192.0.2.9", protocol: "tcp", port: 9000 }],
});
const namespace = entry({ key: "Namespace/shop", kind: "namespace", labels: { team: "blue" } });
const host = entry({
  key: "Node/n1",
  kind: "node",
  node: "n1",
  addresses: ["172.16.0.1", "n1"],
  namespace: "",
  ranges: ["10.1.0.0/24"],
});
const shared = entry({
  key: "Pod/3",
  pod: "agent",
  podUid: "3",
  node: "n1",
  hostNetwork: true,
  addresses: ["172.16.0.1"],
});

const sources = (more: Partial<WorldSources> = {}): WorldSources => ({
  entries: [web, far, service, namespace, host, shared],
  locals: [],
  interfaces: new Map(),
  incomplete: "",
  ...more,
});

test("identities become the policies' world: labels, named ports, services with their backends, ranges", () => {
  const book = createWorldBook("n1");
  book.update(sources());
  const { world } = book;
  const found = world.endpoints.find(({ id }) => id === "pod/shop/web");
  assert.deepEqual(
    [found?.labels, found?.serviceAccount, found?.ports],
    [{ app: "web" }, "web", [{ name: "http", protocol: 6, port: 8080 }]],
  );
  assert.deepEqual(world.namespaces, [
    { name: "shop", labels: { "kubernetes.io/metadata.name": "shop", team: "blue" } },
  ]);
  assert.deepEqual(world.services[0]?.backends, [
    { address: "10.1.0.1", protocol: 6, port: 8080 },
    { address: "192.0.2.9", protocol: 6, port: 9000 },
  ]);
  assert.deepEqual(world.ranges, ["10.1.0.0/24"]);
  assert.deepEqual(
    book.local.map(({ endpoint }) => endpoint),
    ["pod/shop/web"],
  );
  assert.equal(book.at("172.16.0.1")?.id, "node/n1", "an address of the host network is the node's");
  assert.equal(world.endpoints.find(({ kind }) => kind === "node")?.addresses.length, 1, "a hostname is no address");
});

test("a look that finds nothing new changes nothing; a change is told alone", () => {
  const book = createWorldBook("n1");
  book.update(sources());
  assert.equal(book.update(sources()).isNothing, true);
  const relabelled = { ...web, labels: { app: "api" } };
  const change = book.update(sources({ entries: [relabelled, far, service, namespace, host, shared] }));
  assert.deepEqual([change.put.map(({ id }) => id), change.remove, change.rest], [["pod/shop/web"], [], {}]);
  const gone = book.update(sources({ entries: [far, service, namespace, host, shared] }));
  assert.deepEqual(gone.remove, ["pod/shop/web"]);
  assert.deepEqual(Object.keys(gone.rest), ["services"]);
});

test("a link that leads to one endpoint alone is its; a shared one is nobody's", () => {
  const spec = (netns: string) => LocalEndpoint.parse({ netns, name: netns, namespace: "lab" });
  const locals = [
    { endpoint: "pod/lab/a", spec: spec("a"), addresses: ["10.9.0.1", "fd00::1"] },
    { endpoint: "pod/lab/b", spec: spec("b"), addresses: ["10.9.0.2"] },
    { endpoint: "pod/lab/c", spec: spec("c"), addresses: ["10.9.0.3"] },
  ];
  const interfaces = new Map([
    ["10.9.0.1", "veth-a"],
    ["fd00::1", "veth-a"],
    ["10.9.0.2", "bridge"],
    ["10.9.0.3", "bridge"],
  ]);
  const book = createWorldBook("n1");
  book.update(sources({ entries: [], locals, interfaces }));
  assert.deepEqual(
    book.local.map(({ interfaceName }) => interfaceName),
    ["veth-a", "", ""],
  );
});

test("a book that is told what changed is the book that looked at everything", () => {
  const names = ["a", "b", "c"] as const;
  const change = record({
    kind: constantFrom("pod" as const, "service" as const, "namespace" as const, "node" as const),
    name: constantFrom(...names),
    /** Two lives of one name: a pod and its successor. */
    life: constantFrom(1, 2),
    address: constantFrom("10.1.0.1", "10.1.0.2", "10.1.0.3"),
    services: subarray([...names]),
    isGone: boolean(),
  });
  const book = (entries: ReadonlyMap<string, IdentityEntry>) => {
    const made = createWorldBook("n1");
    made.update(sources({ entries: entries.values() }));
    return made;
  };
  const sorted = (list: readonly unknown[]) => list.map((one) => JSON.stringify(one)).sort();
  holds(
    property(array(array(change, { maxLength: 4 }), { maxLength: 8 }), (rounds) => {
      const living = new Map<string, IdentityEntry>();
      const told = createWorldBook("n1");
      for (const round of rounds) {
        const changed = new Map<string, IdentityEntry | undefined>();
        for (const { kind, name, life, address, services, isGone } of round) {
          const key = `${kind}/${name}/${kind === "pod" ? life : 1}`;
          const ports = [{ protocol: "tcp", port: 80, targetPort: 8080 }];
          const own = kind === "service" ? [name] : services;
          const more =
            kind === "node" ? { node: name, ranges: [`${address}/32`] } : { node: "n1", pod: name, podUid: key };
          const next = entry({ key, kind, addresses: [address], services: own, ports, ...more, namespace: "shop" });
          if (isGone) living.delete(key);
          else living.set(key, next);
          changed.set(key, isGone ? undefined : next);
        }
        told.update(sources({ entries: [], changed }));
        const whole = book(living);
        const text = ({ world: { endpoints, ...rest } }: typeof told) => [
          sorted(endpoints.map(({ id, kind }) => [id, kind])),
          sorted(rest.services.map(({ backends, ...service }) => [service, sorted(backends)])),
          rest.namespaces,
          rest.ranges,
        ];
        assert.deepEqual(text(told), text(whole));
        for (const address of ["10.1.0.1", "10.1.0.2", "10.1.0.3"])
          assert.equal(told.at(address) === undefined, whole.at(address) === undefined);
        assert.equal(told.update(sources({ entries: living.values() })).put.length, 0, "nothing was missed");
      }
    }),
    { numRuns: 200 },
  );
});

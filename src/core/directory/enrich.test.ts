import assert from "node:assert/strict";
import { test } from "node:test";
import type { z } from "zod";
import { IdentitiesMessage, IdentityEntry } from "../../model/identity-entry.ts";
import { tables, wireColumnsOf, type Row, type TableName } from "../../model/table.ts";
import { createAddressBook, type AddressBook } from "./address-book.ts";
import { enrichRow, type EnrichedRow } from "./enrich.ts";

const nowMs = 1_000_000;
const containers = [{ name: "db", containerId: "containerd://c1", image: "db:1", imageDigest: "sha256:d1" }];
const put: z.input<typeof IdentityEntry>[] = [
  {
    key: "Pod/1",
    kind: "pod",
    addresses: ["10.0.0.5"],
    namespace: "shop",
    workload: "db",
    workloadKind: "StatefulSet",
    pod: "db-0",
    podUid: "1",
    services: ["db"],
    containers,
    fromMs: 0,
  },
  {
    key: "Service/1",
    kind: "service",
    addresses: ["10.96.0.1"],
    namespace: "shop",
    workload: "db",
    workloadKind: "StatefulSet",
    services: ["db"],
    ports: [{ protocol: "tcp", port: 80, targetPort: 5432 }],
    fromMs: 0,
  },
  {
    key: "Pod/2",
    kind: "pod",
    addresses: ["10.1.0.1"],
    namespace: "shop",
    workload: "probe",
    workloadKind: "DaemonSet",
    pod: "probe-x",
    podUid: "2",
    node: "n1",
    hostNetwork: true,
    services: ["probe"],
    fromMs: 0,
  },
  {
    key: "Node/n1",
    kind: "node",
    addresses: ["10.1.0.1"],
    namespace: "",
    workload: "n1",
    workloadKind: "Host",
    fromMs: 0,
  },
];

function book(because = ""): AddressBook {
  const made = createAddressBook({ createdMs: 0 });
  const message = { type: "identities", first: true, last: true, put, ended: [], because };
  made.apply(IdentitiesMessage.parse(message), nowMs);
  return made;
}

function row<Name extends TableName>(table: Name, given: Partial<Row<Name>>): Row<Name> {
  const empty = (type: string) =>
    type === "Bool"
      ? false
      : type.startsWith("Array(")
        ? []
        : type.startsWith("Map(")
          ? {}
          : type === "IPv6"
            ? "::"
            : /Int|DateTime/.test(type)
              ? 0
              : "";
  const blank = Object.fromEntries(wireColumnsOf(table).map(({ name, type }) => [name, empty(type)]));
  return { ...blank, time: nowMs, ...given } as Row<Name>;
}

type Case = [
  name: string,
  given: { table: TableName; row: Record<string, unknown> },
  expected: Record<string, unknown>,
  isAwaited?: boolean,
];
const audit = (given: Partial<Row<"audit_events">>) => ({
  table: "audit_events" as const,
  row: { actorKind: "Unknown", workloadKind: "Unknown", ...given },
});
const shop = { namespace: "shop" };

const cases: Case[] = [
  [
    "audit: a pod's owner",
    audit({ ...shop, resource: "pods", name: "db-0" }),
    { workload: "db", workloadKind: "StatefulSet", workloadReason: "" },
  ],
  [
    "audit: exec is about the pod too",
    audit({ ...shop, resource: "pods", subresource: "exec", name: "db-0" }),
    { workload: "db" },
  ],
  [
    "audit: a pod that nobody knows",
    audit({ ...shop, resource: "pods", name: "db-9" }),
    { workload: "", workloadReason: "not in the inventory (pod shop/db-9)" },
    true,
  ],
  [
    "audit: all pods",
    audit({ ...shop, resource: "pods", verb: "list" }),
    { workload: "", workloadReason: "the request is about pods in general" },
  ],
  [
    "audit: the workload itself",
    audit({ ...shop, resource: "deployments", name: "web" }),
    { workload: "web", workloadKind: "Deployment" },
  ],
  [
    "audit: a service stands for what is behind it",
    audit({ ...shop, resource: "services", name: "db" }),
    { workload: "db", workloadKind: "StatefulSet" },
  ],
  [
    "audit: a secret is nobody's",
    audit({ ...shop, resource: "secrets", name: "x" }),
    { workload: "", workloadReason: "secrets belong to no workload" },
  ],
  ["audit: no object", audit({}), { workloadReason: "the request is about no object" }],
  [
    "actor: by service account and source address, behind a proxy",
    audit({ user: "system:serviceaccount:shop:default", sourceAddresses: ["10.1.0.1", "10.0.0.5"] }),
    { actorNamespace: "shop", actorWorkload: "db", actorKind: "StatefulSet", actorPod: "db-0", actorReason: "" },
  ],
  [
    "actor: by the pod that the token is bound to, whatever the address",
    audit({ user: "system:serviceaccount:shop:default", actorPod: "db-0", sourceAddresses: ["192.0.2.1"] }),
    { actorWorkload: "db", actorPod: "db-0", actorReason: "" },
  ],
  [
    "actor: asked from a node",
    audit({ user: "system:serviceaccount:shop:default", sourceAddresses: ["10.1.0.1"] }),
    { actorNamespace: "shop", actorWorkload: "", actorReason: "asked from 10.1.0.1, the node n1" },
    true,
  ],
  [
    "actor: another namespace's pod does not pass for it",
    audit({ user: "system:serviceaccount:other:default", sourceAddresses: ["10.0.0.5"] }),
    { actorWorkload: "", actorReason: "asked from 10.0.0.5, the pod shop/db-0 of another namespace" },
    true,
  ],
  [
    "actor: a person",
    audit({ user: "anna" }),
    { actorWorkload: "", actorReason: "not a service account of the cluster" },
  ],
  ["actor: a kubelet", audit({ user: "system:node:n1" }), { actorReason: "the kubelet of the node n1" }],
  [
    "a detection that names only the pod",
    { table: "security_events", row: { ...shop, workload: "db-0", workloadKind: "Pod", pod: "db-0", container: "db" } },
    {
      workload: "db",
      workloadKind: "StatefulSet",
      service: "db",
      image: "db:1",
      imageDigest: "sha256:d1",
      identityReason: "",
    },
  ],
  [
    "a detection that names only the container",
    { table: "security_events", row: { workload: "", workloadKind: "Container", containerId: "c1" } },
    { namespace: "shop", workload: "db", pod: "db-0", service: "db" },
  ],
  [
    "what the sender said stays",
    {
      table: "spans",
      row: {
        ...shop,
        workload: "mine",
        workloadKind: "Deployment",
        pod: "db-0",
        service: "api",
        imageDigest: "sha256:x",
      },
    },
    { workload: "mine", workloadKind: "Deployment", service: "api", imageDigest: "sha256:x" },
  ],
  [
    "a pod that is not there",
    { table: "log_events", row: { ...shop, workload: "gone-1", workloadKind: "Pod", pod: "gone-1" } },
    { workload: "gone-1", identityReason: "not in the inventory (pod shop/gone-1)" },
    true,
  ],
  [
    "a process of the machine is left alone",
    { table: "security_events", row: { namespace: "host", workload: "host", workloadKind: "Host" } },
    { workload: "host", identityReason: "" },
  ],
  [
    "a flow whose ends are pods by name",
    {
      table: "flows",
      row: {
        protocol: "tcp",
        sourceNamespace: "shop",
        sourceWorkload: "db-0",
        sourceKind: "Pod",
        sourcePod: "db-0",
        destinationKind: "External",
        destinationAddress: "93.184.216.34",
      },
    },
    {
      sourceWorkload: "db",
      sourceKind: "StatefulSet",
      sourceService: "db",
      sourceImageDigest: "sha256:d1",
      destinationKind: "External",
    },
  ],
  [
    "a flow whose end is only an address: a dialled service",
    {
      table: "flows",
      row: {
        protocol: "tcp",
        sourceKind: "External",
        destinationKind: "Unknown",
        destinationAddress: "10.96.0.1",
        destinationPort: 80,
        destinationReason: "Hubble names no workload",
      },
    },
    {
      destinationNamespace: "shop",
      destinationWorkload: "db",
      destinationService: "db",
      destinationPort: 5432,
      destinationReason: "",
    },
  ],
  [
    "a flow's end that is in nobody's hands",
    {
      table: "flows",
      row: { protocol: "tcp", sourceKind: "Unknown", sourceAddress: "10.0.0.77", destinationKind: "External" },
    },
    { sourceKind: "Unknown", sourceReason: "not in the inventory (address 10.0.0.77)" },
    true,
  ],
  [
    "a flow's end that is a pod in its node's network, by name",
    {
      table: "flows",
      row: {
        protocol: "tcp",
        sourceKind: "External",
        destinationNamespace: "shop",
        destinationWorkload: "probe-x",
        destinationKind: "Pod",
        destinationPod: "probe-x",
        destinationAddress: "10.1.0.1",
        destinationPort: 9100,
      },
    },
    {
      destinationWorkload: "probe",
      destinationKind: "DaemonSet",
      destinationPod: "probe-x",
      destinationService: "probe",
      destinationPort: 9100,
    },
  ],
  [
    "a request's own end, while the other one is on its way",
    {
      table: "http_events",
      row: {
        ...shop,
        reporter: "source",
        peerAddress: "10.0.0.77",
        peerPort: 80,
        peerKind: "Unknown",
        workload: "db-0",
        workloadKind: "Pod",
        pod: "db-0",
      },
    },
    {
      workload: "db",
      workloadKind: "StatefulSet",
      service: "db",
      peerReason: "not in the inventory (address 10.0.0.77)",
    },
    true,
  ],
  [
    "the other end of a request",
    {
      table: "http_events",
      row: { reporter: "source", peerAddress: "10.0.0.5", peerPort: 5432, peerKind: "Unknown", workload: "web" },
    },
    { peerWorkload: "db", peerKind: "StatefulSet", peerPod: "db-0", peerService: "db", peerNamespace: "shop" },
  ],
];

for (const [name, { table, row: given }, expected, isAwaited = false] of cases) {
  test(`enriched: ${name}`, () => {
    const one = { table, row: row(table, given as never) } as EnrichedRow;
    assert.equal(enrichRow(book(), one), isAwaited);
    assert.deepEqual({ ...one.row, ...expected }, one.row);
    const again = structuredClone(one);
    enrichRow(book(), again);
    assert.deepEqual(again, one, "a second look changes nothing");
  });
}

test("without an inventory, or with one that is not whole, the reason says so", () => {
  const ask = (directory: AddressBook | undefined) => {
    const one = row("audit_events", {
      resource: "pods",
      namespace: "shop",
      name: "x",
      user: "system:serviceaccount:shop:a",
    });
    enrichRow(directory, { table: "audit_events", row: one });
    return [one.workloadReason, one.actorReason];
  };
  const none = "nobody keeps an inventory of this cluster";
  assert.deepEqual(ask(undefined), [none, none]);
  assert.deepEqual(ask(book("pods: forbidden")), [
    "not in the inventory (pod shop/x); pods: forbidden",
    "no source address",
  ]);
});

test("every table of events is known here", () => {
  for (const table of Object.keys(tables) as TableName[]) {
    assert.equal(typeof enrichRow(book(), { table, row: row(table, {}) }), "boolean", table);
  }
});

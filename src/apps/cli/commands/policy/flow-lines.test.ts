import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { World, WorldEndpoint } from "../../../../core/policy/world.ts";
import { flowBook } from "./flow-lines.ts";

function pod(name: string, workload: string, address: string): WorldEndpoint {
  const common = {
    kind: "workload",
    namespace: "shop",
    serviceAccount: "default",
    ports: [],
    node: "n",
    interfaceName: "",
  } as const;
  return { ...common, id: `pod/shop/${name}`, name, labels: {}, addresses: [address], workload };
}

const world: World = {
  namespaces: [],
  serviceAccounts: [],
  endpoints: [
    pod("web-1", "Deployment/web", "10.0.0.1"),
    pod("web-2", "Deployment/web", "10.0.0.2"),
    pod("db-0", "StatefulSet/db", "10.0.0.3"),
  ],
  services: [],
  ranges: [],
  incomplete: "",
};
/** A row as `garrison flows -o jsonl` prints it; columns that do not matter here are left out, as an older version might. */
const row = {
  time: "2026-11-24T10:00:00.000Z",
  durationMs: 60_000,
  reporter: "source",
  verdict: "allow",
  protocol: "tcp",
  sourceKind: "Deployment",
  sourceNamespace: "shop",
  sourceWorkload: "web",
  sourcePod: "web-1",
  sourceAddress: "::ffff:10.0.0.1",
  destinationKind: "StatefulSet",
  destinationNamespace: "shop",
  destinationWorkload: "db",
  destinationPod: "db-0",
  destinationAddress: "::ffff:10.0.0.3",
  destinationPort: 5432,
  connectionsOpened: 3,
  connectionsFailed: 1,
  bytesSent: 100,
  bytesReceived: 50,
};

function flowsOf(...lines: readonly object[]) {
  const book = flowBook(world);
  for (const line of lines) assert.equal(book.addLine(JSON.stringify(line)), "");
  return book.flows();
}

test("rows of one key add up over days; what both ends told counts once", () => {
  const [flow, ...others] = flowsOf(
    row,
    { ...row, time: "2026-11-25T10:00:00.000Z" },
    { ...row, reporter: "destination", connectionsOpened: 2, connectionsFailed: 0, bytesReceived: 0 },
  );
  assert.deepEqual(others, []);
  assert.deepEqual(flow, {
    source: { endpoint: "pod/shop/web-1", address: "" },
    destination: { endpoint: "pod/shop/db-0", address: "" },
    protocol: 6,
    sourcePort: 0,
    destinationPort: 5432,
    verdict: "allow",
    sourceWorkload: "shop/Deployment/web",
    destinationWorkload: "shop/StatefulSet/db",
    connections: 8,
    bytes: 300,
    firstMs: Date.parse("2026-11-24T10:00:00.000Z"),
    lastMs: Date.parse("2026-11-25T10:01:00.000Z"),
    days: 2,
  });
});

test("a pod that is gone is another of its owner; nobody's pod keeps its name; outside ends are addresses with names", () => {
  const [gone, stranger, out] = flowsOf(
    { ...row, sourcePod: "web-0" },
    { ...row, sourcePod: "x-1", sourceWorkload: "x", sourceAddress: "::ffff:10.9.9.9" },
    {
      ...row,
      destinationKind: "Unknown",
      destinationNamespace: "",
      destinationWorkload: "",
      destinationPod: "",
      destinationAddress: "2001:db8::7",
      destinationDomain: "api.example.com",
    },
  );
  assert.equal(gone?.source.endpoint, "pod/shop/web-1");
  assert.deepEqual(stranger?.source, { endpoint: "pod/shop/x-1", address: "10.9.9.9" });
  assert.deepEqual(out?.destination, { endpoint: "", address: "2001:db8::7" });
  assert.deepEqual(out?.domains, ["api.example.com"]);
  assert.equal(stranger?.domains, undefined);
});

test("lines that are no flows say why, and never throw", () => {
  const book = flowBook(world);
  const cases: readonly (readonly [string, RegExp])[] = [
    ["{", /not JSON/],
    ["[]", /not a flow/],
    ["{}", /not a flow: time/],
    [JSON.stringify({ ...row, protocol: "other" }), /protocol other/],
    [JSON.stringify({ ...row, destinationPort: 70_000 }), /destinationPort/],
    [JSON.stringify({ time: row.time, protocol: "tcp" }), /neither endpoint nor address/],
  ];
  for (const [line, message] of cases) assert.match(book.addLine(line), message, line);
  assert.deepEqual(book.flows(), []);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc
          .record({ time: fc.string(), protocol: fc.string(), source: fc.anything() })
          .map((one) => JSON.stringify(one)),
      ),
      (line) => {
        assert.equal(typeof flowBook(world).addLine(line), "string");
      },
    ),
  );
});

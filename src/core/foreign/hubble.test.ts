import assert from "node:assert/strict";
import { test } from "node:test";
import { mapHubble } from "./hubble.ts";
import { splitUrl } from "./hubble-layer7.ts";
import type { ForeignRow } from "./row.ts";

const time = "2026-11-23T11:59:58.123456789Z";
const web = {
  ID: 311,
  identity: 4711,
  namespace: "shop",
  labels: ["k8s:app=web", "k8s:io.kubernetes.pod.namespace=shop"],
  pod_name: "web-5d9c-abcde",
  workloads: [{ name: "web", kind: "Deployment" }],
};
const db = { ...web, pod_name: "db-0", workloads: [{ name: "db", kind: "StatefulSet" }] };
const syn = {
  time,
  verdict: "FORWARDED",
  IP: { source: "10.0.0.1", destination: "10.0.0.2", ipVersion: "IPv4" },
  l4: { TCP: { source_port: 40_000, destination_port: 5432, flags: { SYN: true } } },
  source: web,
  destination: db,
  Type: "L3_L4",
  node_name: "cluster/node-1",
  destination_service: { name: "db", namespace: "shop" },
  traffic_direction: "EGRESS",
  is_reply: false,
  uuid: "5f1c",
};

function rowsOf(item: unknown): readonly ForeignRow[] {
  const mapped = mapHubble(item);
  assert.ok("rows" in mapped, JSON.stringify(mapped));
  return mapped.rows;
}

test("a forwarded SYN is a flow with both ends", () => {
  const [made] = rowsOf({ flow: syn, node_name: "cluster/node-1", time });
  assert.equal(made?.table, "flows");
  assert.equal(made.node, "cluster/node-1");
  const { row } = made;
  assert.deepEqual(
    {
      time: row.time,
      reporter: row["reporter" as keyof typeof row],
      ...pick(row, ["verdict", "protocol", "sourceKind", "sourceWorkload", "sourcePod", "destinationWorkload"]),
      ...pick(row, [
        "destinationPort",
        "destinationService",
        "connectionsOpened",
        "packetsSent",
        "fidelity",
        "bytesSent",
      ]),
    },
    {
      time: Date.parse("2026-11-23T11:59:58.123Z"),
      reporter: "source",
      verdict: "allow",
      protocol: "tcp",
      sourceKind: "Deployment",
      sourceWorkload: "web",
      sourcePod: "web-5d9c-abcde",
      destinationWorkload: "db",
      destinationPort: 5432,
      destinationService: "db",
      connectionsOpened: 1,
      packetsSent: 1,
      fidelity: "foreign",
      bytesSent: 0,
    },
  );
});

function pick(row: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, (row as Record<string, unknown>)[name]]));
}

const cases: readonly (readonly [string, object, Record<string, unknown>])[] = [
  [
    "a reply is turned round",
    {
      source: db,
      destination: web,
      IP: { source: "10.0.0.2", destination: "10.0.0.1" },
      is_reply: true,
      l4: { TCP: { source_port: 5432, destination_port: 40_000, flags: { ACK: true } } },
    },
    {
      sourceWorkload: "web",
      destinationWorkload: "db",
      sourceAddress: "10.0.0.1",
      destinationPort: 5432,
      packetsSent: 0,
      packetsReceived: 1,
      connectionsOpened: 0,
    },
  ],
  [
    "a drop names its reason",
    { verdict: "DROPPED", drop_reason_desc: "POLICY_DENIED" },
    { verdict: "deny", verdictBecause: "policy denied", connectionsOpened: 0, connectionsFailed: 1 },
  ],
  [
    "or the policy that denied it",
    { verdict: "DROPPED", drop_reason_desc: "POLICY_DENY", egress_denied_by: [{ name: "no-db", namespace: "shop" }] },
    { verdict: "deny", verdictBecause: "policy shop/no-db" },
  ],
  [
    "audit mode is logged, not denied",
    { verdict: "AUDIT" },
    { verdict: "log", verdictBecause: "policy audit mode: would have been denied" },
  ],
  [
    "the world is external, with its name",
    {
      destination: { labels: ["reserved:world"] },
      destination_names: ["Example.com."],
      l4: { UDP: { source_port: 5, destination_port: 443 } },
    },
    {
      destinationKind: "External",
      destinationDomain: "example.com",
      destinationWorkload: "",
      protocol: "udp",
      connectionsOpened: 0,
    },
  ],
  [
    "an end without any name says so",
    { source: {} },
    { sourceKind: "Unknown", sourceReason: "Hubble names no workload" },
  ],
  ["the host", { source: { labels: ["reserved:host"] } }, { sourceKind: "Host", sourceWorkload: "host" }],
  ["ingress is seen at the destination", { traffic_direction: "INGRESS" }, { reporter: "destination" }],
  [
    "a value of the wrong type is as good as none",
    { IP: "nonsense", l4: [1], source: 7 },
    { sourceAddress: "::", protocol: "other" },
  ],
];

test("what packets say", () => {
  for (const [name, change, expected] of cases) {
    const [made] = rowsOf({ ...syn, ...change });
    assert.ok(made, name);
    assert.deepEqual(pick(made.row, Object.keys(expected)), expected, name);
  }
});

test("DNS and HTTP as a proxy saw them", () => {
  const dns = {
    type: "RESPONSE",
    latency_ns: "1234567",
    dns: { query: "Shop.Example.com.", ips: ["10.1.1.1"], ttl: 30, rcode: 3, qtypes: ["A"] },
  };
  const reply = { source: db, destination: web, is_reply: true, Type: "L7" };
  const [question] = rowsOf({ ...syn, ...reply, l7: dns });
  assert.deepEqual(
    pick(question?.row ?? {}, ["question", "responseCode", "answers", "latencyUs", "workload", "reporter"]),
    {
      question: "shop.example.com",
      responseCode: "NXDOMAIN",
      answers: ["10.1.1.1"],
      latencyUs: 1234,
      workload: "web",
      reporter: "foreign",
    },
  );
  const http = {
    type: "RESPONSE",
    latency_ns: 5000,
    http: {
      code: 503,
      method: "GET",
      url: "http://u:p@shop:80/cart?token=abc",
      protocol: "HTTP/1.1",
      headers: [{ key: "authorization", value: "x" }],
    },
  };
  const [exchange] = rowsOf({ ...syn, ...reply, l7: http });
  assert.deepEqual(pick(exchange?.row ?? {}, ["method", "host", "path", "status", "peerWorkload", "workload"]), {
    method: "GET",
    host: "shop:80",
    path: "/cart",
    status: 503,
    peerWorkload: "db",
    workload: "web",
  });
  assert.deepEqual(rowsOf({ ...syn, l7: { ...http, type: "REQUEST" } }), []);
  assert.equal(rowsOf({ ...syn, verdict: "DROPPED", l7: { ...http, type: "REQUEST" } }).length, 1);
});

test("lost events are a gap, a node's status is taken without rows", () => {
  const [gap] = rowsOf({
    lost_events: { source: "PERF_EVENT_RING_BUFFER", num_events_lost: "17" },
    node_name: "n",
    time,
  });
  assert.deepEqual(pick(gap?.row ?? {}, ["table", "reason", "rows", "counted"]), {
    table: "flows",
    reason: "ring-full",
    rows: 17,
    counted: "exact",
  });
  assert.deepEqual(rowsOf({ node_status: { state_change: "NODE_CONNECTED" } }), []);
});

const refused: readonly (readonly [unknown, RegExp])[] = [
  ["text", /not an object/],
  [null, /not an object/],
  [{}, /not a Hubble flow/],
  [{ flow: { ...syn, verdict: "MAYBE" } }, /not a Hubble flow/],
  [{ flow: { ...syn, time: "yesterday" } }, /time/],
  [{ brokenLine: "it is not JSON" }, /not JSON/],
];

test("what is no flow is refused with its reason", () => {
  for (const [item, because] of refused) {
    const mapped = mapHubble(item);
    assert.match("because" in mapped ? mapped.because : "taken", because, JSON.stringify(item));
  }
});

const urls: readonly (readonly [string, string, string])[] = [
  ["http://shop/cart?x=1#y", "shop", "/cart"],
  ["https://user:pass@Shop.Example:8443", "shop.example:8443", "/"],
  ["/only/path?q", "", "/only/path"],
  ["//host/path", "", "//host/path"],
  ["shop.example/x", "shop.example", "/x"],
  ["", "", "/"],
];

test("urls lose user, query and fragment", () => {
  for (const [url, host, path] of urls) assert.deepEqual(splitUrl(url), { host, path }, url);
});

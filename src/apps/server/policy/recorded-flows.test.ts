// Keys of recorded flows as questions: who an end is today, what stands in for it, and when there is nothing to ask.
import assert from "node:assert/strict";
import { test } from "node:test";
import { flowKey, outsideEnd, podEnd, shopClusters } from "../../../../test/support/policy-shop.ts";
import { endBookOf, recordedFlowOf } from "./recorded-flows.ts";
import { worldOf } from "./world-of.ts";

const world = worldOf({ cluster: "c", view: shopClusters().view("c"), local: [], gapOf: () => "" });
const book = endBookOf(world);
const db = podEnd("shop", "db-0");

test("an end is its pod, else a pod of its workload, else its address", () => {
  const web = podEnd("shop", "web-1");
  const cases = [
    [web, { endpoint: "pod/shop/web-1", address: "" }],
    [
      { ...web, pod: "web-9" },
      { endpoint: "pod/shop/web-1", address: "" },
    ],
    [
      { ...web, pod: "" },
      { endpoint: "pod/shop/web-1", address: "" },
    ],
    [
      { ...web, workload: "gone", pod: "gone-1" },
      { endpoint: "", address: "10.1.0.1" },
    ],
    [
      { ...web, kind: "SystemdUnit", namespace: "host", pod: "" },
      { endpoint: "", address: "10.1.0.1" },
    ],
    [outsideEnd("203.0.113.7"), { endpoint: "", address: "203.0.113.7" }],
  ] as const;
  for (const [end, expected] of cases) assert.deepEqual(recordedFlowOf(book, flowKey(end, db, 1))?.source, expected);
});

test("owners stay as recorded, names only where some were seen, protocols are numbers", () => {
  const gone = { ...podEnd("shop", "old-1"), workload: "old", address: "10.1.0.9" };
  const flow = recordedFlowOf(
    book,
    flowKey(gone, outsideEnd("2001:db8::7"), 8, { protocol: "icmp", domains: ["a.example"] }),
  );
  assert.deepEqual([flow?.sourceWorkload, flow?.destinationWorkload], ["shop/Deployment/old", ""]);
  assert.deepEqual([flow?.protocol, flow?.destinationPort, flow?.domains], [58, 0, ["a.example"]]);
  const plain = recordedFlowOf(book, flowKey(gone, db, 5432));
  assert.ok(plain !== undefined && !("domains" in plain), "nobody looked");
  assert.equal(plain.protocol, 6);
});

test("an end of which nothing is left is no question", () => {
  const nothing = { ...podEnd("shop", "old-1"), workload: "old", address: "" };
  assert.equal(recordedFlowOf(book, flowKey(nothing, db, 5432)), undefined);
  assert.equal(recordedFlowOf(book, flowKey(db, nothing, 5432)), undefined);
});

// Notices as rows of security_events: what a server takes, and what a person reads.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sealBlock } from "../../../edge/blocks/seal-block.ts";
import { securityRow, type TransparentNotice } from "./notices.ts";

const timeMs = Date.UTC(2026, 0, 1);
const down: TransparentNotice = {
  what: "down",
  timeMs,
  how: "gone",
  label: "shop/checkout-1",
  ports: [
    { port: 8080, onDown: "open" },
    { port: 9090, onDown: "closed" },
  ],
  figures: [{ port: 8080, turned: 5, passedWhileDown: 3, droppedWhileDown: 2, refused: 0 }],
};

test("a gateway that was gone is a security event of its workload", () => {
  const row = securityRow(down);
  assert.deepEqual(
    [row.severity, row.rule, row.namespace, row.pod, row.workloadKind],
    ["high", "waf-gateway-down", "shop", "checkout-1", "Pod"],
  );
  assert.equal(row.title, "The WAF gateway before shop/checkout-1 is gone");
  assert.equal(
    row.message,
    "Ports open and not inspected: 8080; closed: 9090; 3 connections passed and 2 openings were dropped meanwhile.",
  );
  const closed = securityRow({ ...down, how: "hung", ports: [{ port: 9090, onDown: "closed" }], figures: [] });
  assert.deepEqual([closed.severity, closed.message], ["medium", "Ports closed: 9090."]);
});

test("what is not inspected is told with its reason, and both kinds seal into a block", () => {
  const passed: TransparentNotice = {
    what: "not-inspected",
    timeMs,
    label: "netns shop",
    port: 8443,
    because: "TLS",
    clientAddress: "10.1.0.2",
    connections: 7,
  };
  const row = securityRow(passed);
  assert.deepEqual([row.severity, row.rule, row.count, row.pod], ["low", "waf-not-inspected", 7, ""]);
  assert.equal(row.title, "Port 8443 of netns shop is not inspected: TLS");
  const { header } = sealBlock("security_events", [row, securityRow(down)], { boot: "0".repeat(32), sequence: 1 });
  assert.equal(header.table, "security_events");
});

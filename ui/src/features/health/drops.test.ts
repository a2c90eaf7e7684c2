import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentCounters } from "../../../../src/model/node.ts";
import { dropsOf } from "./drops.ts";

test("every place where something is lost is named", () => {
  assert.deepEqual(dropsOf(AgentCounters.parse({})), { total: 0, text: "" });
  const counters = AgentCounters.parse({ ringDropsByType: { udp: 1200, exec: 34 }, queueDrops: 1, blocksRefused: 2 });
  assert.deepEqual(dropsOf(counters), {
    total: 1237,
    text: "1,234 in the kernel ring, 1 in the queue, 2 blocks refused",
  });
});

// Losses are never "all well": from counters, from gaps, across restarts of agent and server; and they end after an hour.
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { silentLogger } from "../../base/logger.ts";
import type { LossTotal } from "../../edge/store/queries/queries.ts";
import { AgentCounters, type Node } from "../../model/node.ts";
import { lossHistory, lossLimits } from "./loss-history.ts";
import { lossText, startLossWatch } from "./losses.ts";
import { nodeOf } from "./nodes.ts";

const startMs = Date.parse("2026-11-23T00:00:00Z");
const minuteMs = 60_000;

function node(counters: Partial<AgentCounters>, startedAtMs = startMs, name = "a"): Node {
  const agent = { cluster: "c", serial: "1", expiresAtMs: startMs, revoked: false, lastSeenAtMs: startMs };
  const bare = nodeOf({ ...agent, node: name, report: undefined }, startMs);
  return { ...bare, startedAt: new Date(startedAtMs).toISOString(), counters: AgentCounters.parse(counters) };
}

function events(seen: number, lost: number): Partial<AgentCounters> {
  return { eventsByType: { "tcp-open": seen }, ringDropsByType: { "tcp-open": lost } };
}

function gap(reason: string, rows: number, eventType = ""): LossTotal {
  return { cluster: "c", node: "a", reason, eventType, rows };
}

test("the words: by event type, events and rows apart, the larger of the two sources, nothing without a loss", () => {
  const hour = (lost: Partial<{ ring: number; queue: number; spool: number }>, isWhole = true) => ({
    risen: { events: 70, ringByType: { exec: lost.ring ?? 0 }, queue: lost.queue ?? 0, spool: lost.spool ?? 0 },
    isWhole,
  });
  const types = ["exec", "fork", "exit", "dns"].map((type, index) => gap("ring-full", 4000 - index, type));
  const cases: readonly (readonly [Parameters<typeof lossText>[1], readonly LossTotal[], string])[] = [
    [undefined, [], ""],
    [hour({}), [], ""],
    [hour({ ring: 30 }), [], "30 of 100 events in the last hour: ring-full (exec 30)"],
    [hour({ ring: 30 }), [gap("ring-full", 50, "dns")], "50 of 120 events in the last hour: ring-full (dns 50)"],
    [hour({ ring: 30 }), [gap("ring-full", 7, "dns")], "30 of 100 events in the last hour: ring-full (exec 30)"],
    [hour({ ring: 30 }, false), [], "30 events in the last hour: ring-full (exec 30)"],
    [undefined, types, "15,994 events in the last hour: ring-full (exec 4,000, fork 3,999, exit 3,998, ...)"],
    [undefined, [gap("ring-full", 5)], "5 events in the last hour: ring-full"],
    [hour({ queue: 3, spool: 9 }), [gap("queue-full", 8)], "17 rows in the last hour: queue-full 8, spool-full 9"],
    [hour({ ring: 1, queue: 2 }), [], "1 of 71 events and 2 rows in the last hour: ring-full (exec 1), queue-full 2"],
    [hour({}), [gap("spool-full", 0)], "rows that nobody could count in the last hour: spool-full"],
  ];
  for (const [last, gaps, expected] of cases) {
    assert.equal(lossText("a", last, gaps), expected === "" ? "" : `agent a lost ${expected}; see gaps`);
  }
});

test("an event that was told without a part of it is not a lost one", () => {
  const history = lossHistory();
  const now = node({
    eventsByType: { file: 9 },
    ringDropsByType: { file: 1, "host-path-unknown": 5, "path-as-written": 2 },
  });
  history.note([now], startMs);
  assert.deepEqual(history.lastHour(now, startMs)?.risen.ringByType, { file: 1 });
});

test("counters of an hour: what rose counts, for an hour, across a new start of the agent", () => {
  const history = lossHistory();
  const at = (minutes: number, counters: Partial<AgentCounters>, startedAtMs = startMs) => {
    const now = node(counters, startedAtMs);
    history.note([now], startMs + minutes * minuteMs);
    const { risen, isWhole } = history.lastHour(now, startMs + minutes * minuteMs) ?? assert.fail("not known");
    return [risen.events, risen.ringByType["tcp-open"] ?? 0, isWhole];
  };
  assert.deepEqual(at(1, events(100, 5)), [100, 5, true], "all since the agent's own start");
  assert.deepEqual(at(30, events(200, 8)), [200, 8, true]);
  // Began anew: what it counts now is on top.
  assert.deepEqual(at(40, events(10, 1), startMs + 39 * minuteMs), [210, 9, true]);
  for (let minutes = 41; minutes <= 89; minutes += 1) at(minutes, events(10, 1), startMs + 39 * minuteMs);
  assert.deepEqual(at(90, events(10, 1), startMs + 39 * minuteMs), [10, 1, true], "the first half hour is over");
  for (let minutes = 91; minutes <= 110; minutes += 1) at(minutes, events(10, 1), startMs + 39 * minuteMs);
  assert.deepEqual(at(111, events(10, 1), startMs + 39 * minuteMs), [0, 0, true]);
});

test("a server younger than the agent claims nothing of before, and says no total until an hour is over", () => {
  const history = lossHistory();
  const lateMs = startMs + 5 * lossLimits.windowMs;
  history.note([node(events(1000, 500))], lateMs);
  assert.deepEqual(history.lastHour(node({}), lateMs)?.risen.ringByType, { "tcp-open": 0 });
  history.note([node(events(1010, 503))], lateMs + minuteMs);
  const soon = history.lastHour(node({}), lateMs + minuteMs);
  assert.deepEqual([soon?.risen.events, soon?.risen.ringByType["tcp-open"], soon?.isWhole], [10, 3, false]);
  history.note([node(events(1020, 503))], lateMs + lossLimits.windowMs);
  assert.equal(history.lastHour(node({}), lateMs + lossLimits.windowMs)?.isWhole, true);
  history.note([], lateMs + lossLimits.windowMs);
  assert.equal(history.lastHour(node({}), lateMs), undefined, "who is gone is forgotten");
});

test("only connected agents count; gaps that cannot be read are said and asked for again", async () => {
  const clock = manualClock(startMs);
  const asked: number[] = [];
  let isBroken = false;
  await using watch = startLossWatch({
    state: { agents: { list: async () => [] } as never },
    queries: {
      async lossesSince(sinceMs) {
        asked.push(sinceMs);
        if (isBroken) throw new Fault("no answer", { code: "store/timeout", kind: "unavailable" });
        return [gap("ring-full", 9, "exec"), { ...gap("ring-full", 5), cluster: "other" }];
      },
    },
    clock,
    logger: silentLogger,
  });
  const told = "agent a lost 9 of 9 events in the last hour: ring-full (exec 9); see gaps";
  assert.deepEqual(await watch.look([node({}), node({}, startMs, "b")], true), { losses: [told], gapsUnknown: "" });
  assert.deepEqual((await watch.look([{ ...node({}), state: "stale" }], true)).losses, []);
  assert.deepEqual(asked, [startMs - lossLimits.windowMs], "one answer serves for a while");
  assert.deepEqual(await watch.look([node({})], false), { losses: [], gapsUnknown: "" }, "a store that is down");
  clock.advance(lossLimits.gapsKeptMs);
  isBroken = true;
  assert.deepEqual(await watch.look([node({})], true), { losses: [], gapsUnknown: "no answer" });
  isBroken = false;
  assert.deepEqual((await watch.look([node({})], true)).gapsUnknown, "");
});

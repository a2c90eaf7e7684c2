// A runner while the state store is away: what was taken is not sent again for it, and a dead letter is kept once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../../../base/clock.ts";
import { Fault } from "../../../../base/fault.ts";
import type { SinkRecords } from "../../../../core/state/sink-ports.ts";
import { SecurityEvent } from "../../../../model/security-event.ts";
import { Sink } from "../../../../model/sink.ts";
import { startRunner } from "./runner.ts";

const time = "2026-11-26T10:00:00.000Z";
const events = ["one", "refused", "three"].map((rule) =>
  SecurityEvent.parse({ time, cluster: "prod", node: "n1", severity: "high", source: "garrison", rule }),
);

/** Each kind of writing fails `failures` times. */
function records(failures: number) {
  const letters: string[] = [];
  const left = { letters: failures, position: failures };
  let settled = (): void => undefined;
  const isSettled = new Promise<void>((resolve) => (settled = resolve));
  const away = (what: keyof typeof left): void => {
    left[what] -= 1;
    if (left[what] >= 0) throw new Fault("the state store is away", { code: "state/away", kind: "unavailable" });
  };
  const unused = (): never => assert.fail("not asked for");
  const kept: SinkRecords = {
    position: async () => "0",
    setPosition: async (_, position) => {
      if (position !== "3") return;
      away("position");
      settled();
    },
    addDeadLetters: async (_, added) => {
      away("letters");
      letters.push(...added.map(({ event }) => SecurityEvent.parse(JSON.parse(event)).rule));
      return 0;
    },
    deadLetters: unused,
    countDeadLetters: unused,
    failedAgain: unused,
    removeDeadLetters: unused,
    sinks: unused,
    forgetPosition: unused,
    forget: unused,
  };
  return { kept, letters, isSettled };
}

test("the state store is away: events are sent once, a letter is kept once, and its trouble is over when it is", async () => {
  const { kept, letters, isSettled } = records(3);
  const sent: string[] = [];
  await using runner = startRunner({
    id: "global/siem",
    scope: "global",
    spec: Sink.parse({ to: { type: "webhook", url: "http://127.0.0.1:9/" } }),
    open: async () => ({
      batchMax: 1,
      send: async ([first]) => {
        const rule = first?.event.rule ?? "";
        if (rule === "refused") throw new Fault("HTTP 400", { code: "sinks/event-refused", kind: "usage" });
        sent.push(rule);
        return { detail: "", bytes: 0, cut: 0 };
      },
      [Symbol.asyncDispose]: async () => undefined,
    }),
    read: async (position) => ({ rows: events.slice(Number(position)), position: "3", isMore: false }),
    records: kept,
    clock: manualClock(Date.parse(time)),
    chance: () => 0,
    pollMs: 1,
  });
  await isSettled;
  assert.deepEqual([sent, letters], [["one", "three"], ["refused"]]);
  const { counts, queued } = runner.view();
  assert.deepEqual([counts.delivered, counts.deadLettered, queued], [2, 1, 0]);
});

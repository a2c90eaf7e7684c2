import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, slowMs, type Context } from "./context.ts";
import { paint } from "./output/paint.ts";

test("whoever waits at a terminal is told so, once; a pipe and a quick answer hear nothing", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const [isTerminal, tookMs, lines] of [
    [true, slowMs * 3, 1],
    [true, slowMs - 1, 0],
    [false, slowMs * 3, 0],
  ] as const) {
    const said: string[] = [];
    const context: Context = {
      environment: {},
      flags: { server: "http://127.0.0.1:1", token: "t" },
      paint: paint(false),
      width: 80,
      isTerminal,
      nowMs: () => 0,
      print: async () => undefined,
      say: (line) => void said.push(line),
      signal: new AbortController().signal,
      fetch: async () => {
        t.mock.timers.tick(tookMs);
        throw new TypeError("nobody listens");
      },
    };
    await assert.rejects(ask(context, "listResources", { params: { kind: "Sink" } }), { code: "cli/unreachable" });
    // The timer of a call that is over is gone.
    t.mock.timers.tick(slowMs * 10);
    assert.equal(said.length, lines, `${isTerminal} ${tookMs}`);
  }
});

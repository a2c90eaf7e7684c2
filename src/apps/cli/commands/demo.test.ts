// What `garrison demo` asks of the server: it changes what was named and keeps the rest, and says when nobody acts on it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import type { Context } from "../context.ts";
import { paint } from "../output/paint.ts";
import type { Run } from "./command.ts";
import { demo } from "./demo.ts";

interface Told {
  readonly printed: string[];
  readonly said: string[];
  readonly sent: { readonly path: string; readonly query: string; readonly spec: unknown }[];
}

/** Runs `garrison demo ...words` against a server with this story and these nodes. */
async function runDemo(
  words: readonly string[],
  story: object | undefined,
  nodes: readonly object[] = [],
): Promise<Told> {
  const told: Told = { printed: [], said: [], sent: [] };
  const stored = {
    apiVersion: "garrison/v1",
    kind: "DemoStory",
    scope: "cluster/demo",
    name: "default",
    author: "a",
    deleted: false,
  };
  const other = {
    ...stored,
    scope: "cluster/other",
    generation: 9,
    time: "2026-01-01T00:00:00Z",
    status: [],
    spec: { attack: true },
  };
  const answer = (url: URL, init: RequestInit): unknown => {
    if (url.pathname === "/api/v1/nodes") return { nodes };
    if (init.method === "PUT") {
      const { spec } = JSON.parse(typeof init.body === "string" ? init.body : "{}") as { spec: unknown };
      told.sent.push({ path: url.pathname, query: url.search, spec });
      return {
        outcome: "changed",
        resource: { ...stored, generation: 4, time: "2026-01-01T00:00:00Z", spec },
        changes: [],
      };
    }
    const mine =
      story === undefined ? [] : [{ ...stored, generation: 3, time: "2026-01-01T00:00:00Z", status: [], spec: story }];
    return { resources: [other, ...mine] };
  };
  const context: Context = {
    environment: { GARRISON_SERVER: "http://garrison.test", GARRISON_TOKEN: "t" },
    flags: {},
    paint: paint(false),
    width: 100,
    isTerminal: false,
    nowMs: () => 0,
    print: async (text) => void told.printed.push(text),
    say: (line) => void told.said.push(line),
    signal: new AbortController().signal,
    fetch: async (input, init = {}) => Response.json(answer(new URL(input as string), init)),
  };
  const program = new Command().exitOverride();
  const run: Run =
    (action) =>
    async (...given) => {
      const command = given.at(-1) as Command;
      await action(context, { args: command.args, options: command.opts() });
    };
  demo.add(program, run);
  await program.parseAsync(["demo", ...words], { from: "user" });
  return told;
}

const connected = { cluster: "demo", name: "demo-node-1", state: "connected" };

test("a change keeps the rest of the story, and guards against somebody else's", async () => {
  const on = await runDemo(["attack", "on"], { attack: false, failure: "slow-payments" }, [connected]);
  assert.deepEqual(on.sent, [
    {
      path: "/api/v1/resources/DemoStory/default",
      query: "?ifGeneration=3",
      spec: { attack: true, failure: "slow-payments" },
    },
  ]);
  assert.deepEqual([on.printed, on.said], [["failure slow-payments, attack on\n"], []]);
  const first = await runDemo(["failure", "crash-loop"], undefined, [connected]);
  assert.deepEqual(
    first.sent.map(({ query, spec }) => [query, spec]),
    [["", { attack: false, failure: "crash-loop" }]],
  );
});

test("says when nobody acts on it", async () => {
  const { said } = await runDemo(["failure", "none"], undefined, [
    { ...connected, state: "gone" },
    { ...connected, cluster: "home" },
  ]);
  assert.match(said.join("\n"), /the demo does not run/);
});

test("status tells whether it runs and what goes wrong", async () => {
  const cases: readonly (readonly [readonly object[], RegExp])[] = [
    [[], /has not run here yet/],
    [[{ ...connected, state: "stale" }], /does not run/],
    [[connected, { ...connected, state: "stale" }], /runs, 1 of 2 nodes connected\nfailure none, attack on/],
  ];
  for (const [nodes, expected] of cases) {
    const { printed } = await runDemo(["status"], { attack: true, failure: "none" }, nodes);
    assert.match(printed.join(""), expected);
  }
});

test("words that it does not know are refused with the nearest that it does", async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["atack", "on"], /did you mean attack/],
    [["attack", "maybe"], /none of on, off/],
    [["failure", "slow-payment"], /did you mean slow-payments/],
  ];
  for (const [words, expected] of cases) await assert.rejects(runDemo(words, undefined), expected);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Flow } from "../../../src/model/flow.ts";
import { listCommand } from "./list-command.ts";
import { endName, flowCommand, flowKey, relatedTerms } from "./flow-text.ts";

function flow(given: Partial<Flow> = {}): Flow {
  return Flow.parse({
    time: "2026-11-23T07:00:00.000Z",
    reporter: "source",
    verdict: "allow",
    protocol: "tcp",
    sourceWorkload: "checkout",
    destinationAddress: "::ffff:10.0.0.7",
    destinationPort: 5432,
    durationMs: 1000,
    ...given,
  });
}

test("an end is called by what is known best", () => {
  assert.equal(endName(flow(), "destination"), "10.0.0.7");
  assert.equal(endName(flow({ destinationDomain: "db.example" }), "destination"), "db.example");
  assert.equal(endName(flow({ destinationWorkload: "db", destinationDomain: "x" }), "destination"), "db");
  assert.equal(endName(flow({ destinationAddress: "::" }), "destination"), "unknown");
});

test("rows of different blocks or windows have different keys", () => {
  const keys = [
    flow(),
    flow({ ingest: 2 }),
    flow({ time: "2026-11-23T07:00:01.000Z" }),
    flow({ reporter: "destination" }),
  ];
  assert.equal(new Set(keys.map(flowKey)).size, keys.length);
});

test("leads to relatives, without empty terms", () => {
  assert.deepEqual(
    relatedTerms(flow({ sourceWorkload: "session-3 (0)" })).map(({ q }) => q),
    ['from:"session-3 (0)" to:10.0.0.7', "to:10.0.0.7", 'from:"session-3 (0)"', "verdict:allow"],
  );
});

test("commands are ready for a shell", () => {
  assert.equal(listCommand("flows", {}), "npx garrison flows --since 1h");
  assert.equal(
    listCommand("events", { q: "process:curl", ns: "a b", range: "15m" }, "--kind process"),
    `npx garrison events --kind process --since 15m 'ns:"a b" process:curl'`,
  );
  assert.equal(
    flowCommand(flow()),
    "npx garrison flows --since 2026-11-23T06:59:59.000Z --until 2026-11-23T07:00:02.000Z 'from:checkout to:10.0.0.7 port:5432'",
  );
});

// Reading what was accepted just now: every query waits for the intake first, streams and hints do not, and all of them are attention.
import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyQueries } from "../../../test/support/test-server.ts";
import { freshQueries } from "./fresh-queries.ts";
import type { Queries } from "../../edge/store/queries/queries.ts";

test("each query lets the intake settle before it asks; streams and hints only say that somebody watches, some neither", async () => {
  const order: string[] = [];
  const queries = new Proxy(emptyQueries(), {
    get:
      (target, name: keyof Queries) =>
      (...given: never[]) => {
        order.push("asked");
        return (target[name] as (...all: never[]) => unknown)(...given);
      },
  });
  const fresh = freshQueries(queries, {
    async settle() {
      await Promise.resolve();
      order.push("settled");
    },
    watch: () => order.push("watched"),
  });
  for (const name of Object.keys(fresh) as (keyof Queries)[]) {
    order.length = 0;
    // What it answers is not looked at here: a stand-in may well say "not found".
    await (fresh[name] as (...given: unknown[]) => Promise<unknown>)({}, {}, 1).catch(() => undefined);
    const isWatched = ["hints", "flowsSince", "eventsSince"].includes(name);
    // About Garrison itself or about times alone: nothing that waits could change the answer. Outputs are no readers that wait.
    const isPlain = ["lossesSince", "inventorySince", "windowOf", "securityAfter"].includes(name);
    const first = isWatched ? ["watched"] : isPlain ? [] : ["settled"];
    assert.deepEqual(order, [...first, "asked"], name);
  }
  assert.deepEqual(Object.keys(fresh).toSorted(), Object.keys(emptyQueries()).toSorted());
});

// Paging and live streams against a real store process: every row once, whatever arrives meanwhile.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Queries } from "../../src/edge/store/queries/queries.ts";
import { curl, minute, nowMs, question, shopToDb, plantedWorld } from "../support/queries-world.ts";
import type { ScratchStore } from "../support/scratch-store.ts";

let store: ScratchStore;
let queries: Queries;

before(async () => {
  ({ store, queries } = await plantedWorld());
});
after(async () => store[Symbol.asyncDispose]());

test("events of several kinds on one timeline, paged", async () => {
  const kinds: string[] = [];
  let cursor: string | undefined;
  do {
    const answer = await queries.listEvents({ q: "", kinds: "", limit: 2, cursor });
    kinds.push(...answer.rows.map((row) => row.kind));
    cursor = answer.next;
  } while (cursor !== undefined);
  assert.deepEqual(kinds.slice().sort(), ["dns", "dns", "process", "process", "process", "process"]);
  const failed = await queries.listEvents({ q: "rcode:NXDOMAIN", kinds: "dns,process", limit: 10 });
  assert.deepEqual(
    failed.rows.map((row) => row.kind === "dns" && row.question),
    ["nope.example.com"],
  );
});

test("paging visits every row once, also rows of one instant, while newer rows arrive", async () => {
  const many = Array.from({ length: 25 }, (_, index) => ({
    ...shopToDb,
    time: nowMs - 40 * minute,
    ingest: 50 + (index % 3),
    flowId: `p${index % 20}`,
    sourceNamespace: "paging",
  }));
  await store.insert("flows", many);
  const seen: string[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    const answer = await queries.listFlows({ q: "from.ns:paging", limit: 4, cursor });
    seen.push(...answer.rows.map((row) => row.flowId));
    cursor = answer.next;
    pages += 1;
    await store.insert("flows", [
      { ...shopToDb, time: nowMs - 30 * minute, ingest: 60 + pages, sourceNamespace: "paging", flowId: "late" },
    ]);
  } while (cursor !== undefined && pages < 50);
  assert.deepEqual(seen.sort(), many.map((row) => row.flowId).sort());
});

test("equal rows are not lost at the edge of a page", async () => {
  const twins = Array.from({ length: 7 }, () => ({
    ...shopToDb,
    time: nowMs - 45 * minute,
    ingest: 70,
    sourceNamespace: "twins",
  }));
  await store.insert("flows", twins);
  let count = 0;
  let cursor: string | undefined;
  do {
    const answer = await queries.listFlows({ q: "from.ns:twins", limit: 2, cursor });
    count += answer.rows.length;
    cursor = answer.next;
  } while (cursor !== undefined);
  assert.equal(count, 7);
});

test("a stream delivers each block once, also one that becomes visible late", async () => {
  const row = (ingest: number, flowId: string) => ({
    ...shopToDb,
    time: nowMs - minute,
    sourceNamespace: "live",
    ingest,
    flowId,
  });
  await store.insert("flows", [row(1000, "old")]);
  const begin = await queries.flowsSince("", "from.ns:live", 100, { last: 10 });
  assert.deepEqual(
    begin.rows.map((item) => item.flowId),
    ["old"],
  );
  await store.insert("flows", [row(1002, "b"), row(1003, "c"), row(1003, "d")]);
  const second = await queries.flowsSince(begin.cursor, "from.ns:live", 2);
  assert.deepEqual([second.rows.length, second.skipped], [2, 1]);
  await store.insert("flows", [row(1001, "a")]);
  const third = await queries.flowsSince(second.cursor, "from.ns:live", 100);
  assert.deepEqual(
    third.rows.map((item) => item.flowId),
    ["a"],
  );
  const fourth = await queries.flowsSince(third.cursor, "from.ns:live", 100);
  assert.deepEqual([fourth.rows.length, fourth.cursor], [0, third.cursor]);
});

test("event streams carry all kinds, oldest first", async () => {
  const begin = await queries.eventsSince("", { kinds: "", q: "" }, 100, { last: 1 });
  assert.equal(begin.rows.length, 1);
  await store.insert("dns_events", [{ ...question, ingest: 2001, time: nowMs - 1000 }]);
  await store.insert("process_events", [{ ...curl, action: "exec", ingest: 2002, time: nowMs - 2000 }]);
  const part = await queries.eventsSince(begin.cursor, { kinds: "dns,process", q: "ns:shop" }, 100);
  assert.deepEqual(
    part.rows.map((row) => row.kind),
    ["process", "dns"],
  );
});

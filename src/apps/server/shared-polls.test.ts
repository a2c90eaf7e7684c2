// Who shares a poll and who does not: same cursor and filter, at the same time or shortly after.
import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyQueries } from "../../../test/support/test-server.ts";
import { sharedPollLimits, sharedPolls } from "./shared-polls.ts";

test("equal polls are one query, also a moment later; other cursors, filters, kinds and new streams ask for themselves", async () => {
  let nowMs = 0;
  const asked: string[] = [];
  const answer = async (what: string) => {
    asked.push(what);
    await Promise.resolve();
    return { rows: [], cursor: `c${asked.length}`, skipped: 0 };
  };
  const queries = sharedPolls(
    emptyQueries({
      flowsSince: (cursor, q) => answer(`${cursor} ${q}`),
      eventsSince: (cursor, { q }) => answer(`${cursor} e${q}`),
    }),
    () => nowMs,
  );
  const both = await Promise.all([queries.flowsSince("a", "x", 10), queries.flowsSince("a", "x", 10)]);
  assert.deepEqual(
    both.map(({ cursor }) => cursor),
    ["c1", "c1"],
  );
  nowMs += sharedPollLimits.keptMs - 1;
  assert.equal((await queries.flowsSince("a", "x", 10)).cursor, "c1");
  nowMs += 1;
  assert.equal((await queries.flowsSince("a", "x", 10)).cursor, "c2");
  await queries.flowsSince("b", "x", 10);
  await queries.flowsSince("a", "y", 10);
  await queries.flowsSince("a", "x", 11);
  await queries.eventsSince("a", { kinds: "", q: "x" }, 10);
  await Promise.all([queries.flowsSince("", "x", 10), queries.flowsSince("", "x", 10)]);
  assert.deepEqual(asked, ["a x", "a x", "b x", "a y", "a x", "a ex", " x", " x"]);
});

test("a poll that failed is asked again; more polls than the limit go unshared", async () => {
  let asked = 0;
  const queries = sharedPolls(
    emptyQueries({
      flowsSince: async () => {
        asked += 1;
        if (asked === 1) throw new Error("away");
        return { rows: [], cursor: "", skipped: 0 };
      },
    }),
    () => 0,
  );
  await assert.rejects(queries.flowsSince("a", "", 1));
  await queries.flowsSince("a", "", 1);
  assert.equal(asked, 2);
  for (let i = 0; i < sharedPollLimits.answersMax; i += 1) await queries.flowsSince(`many ${i}`, "", 1);
  const before = asked;
  await queries.flowsSince("one more", "", 1);
  await queries.flowsSince("one more", "", 1);
  assert.equal(asked, before + 2);
});

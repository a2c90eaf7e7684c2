// Security events for outputs against a real store: every event once, in order of its block, in pieces of any size, whatever arrives meanwhile, after any absence.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { manualClock } from "../../src/base/clock.ts";
import { createQueries } from "../../src/edge/store/queries/create-queries.ts";
import { type ScratchStore, startScratchStore } from "../support/scratch-store.ts";

const nowMs = Date.parse("2026-11-26T12:00:00Z");
const minute = 60_000;
let store: ScratchStore;

before(async () => {
  store = await startScratchStore();
});
after(async () => store[Symbol.asyncDispose]());

let cluster = 0;
/** Rules of one case are told from those of the others by their name. */
function rowsOf(ingest: number, rules: readonly string[], ageMs = minute) {
  return rules.map((rule, index) => ({
    time: nowMs - ageMs - index,
    cluster: "c",
    node: "n",
    ingest,
    severity: "high",
    action: "detected",
    rule,
    tags: ["a", "b"],
    pid: 7,
  }));
}

function reader(clock = manualClock(nowMs)) {
  const queries = createQueries({ store: store.store, clock });
  let position = "";
  return {
    clock,
    /** Reads until nothing more is there. */
    async all(limit: number): Promise<readonly string[]> {
      const rules: string[] = [];
      for (;;) {
        const page = await queries.securityAfter(position, limit);
        assert.ok(page.rows.length <= limit);
        rules.push(...page.rows.map((row) => row.rule));
        ({ position } = page);
        if (!page.isMore) return rules;
      }
    },
    page: async (limit: number) => {
      const page = await queries.securityAfter(position, limit);
      ({ position } = page);
      return page;
    },
  };
}

/** Numbers of blocks rise from case to case. */
function nextBlocks(): number {
  cluster += 1;
  return cluster * 10_000;
}

test("it begins with what comes from then on; rows are whole", async () => {
  const base = nextBlocks();
  await store.insert("security_events", rowsOf(base, ["before"]));
  const feed = reader();
  assert.deepEqual(await feed.all(10), []);
  await store.insert("security_events", rowsOf(base + 1, ["one"]));
  const { rows } = await feed.page(10);
  assert.deepEqual(
    rows.map(({ rule, cluster: of, node, ingest, tags, pid, time }) => [rule, of, node, ingest, tags, pid, time]),
    [["one", "c", "n", base + 1, ["a", "b"], 7, "2026-11-26T11:59:00.000Z"]],
  );
  assert.deepEqual(await feed.all(10), []);
});

for (const limit of [1, 3, 7, 100]) {
  test(`in pieces of ${limit}: each once, by block, also of blocks that are larger than a piece`, async () => {
    const base = nextBlocks();
    const feed = reader();
    await feed.all(limit);
    const expected: string[] = [];
    for (const [block, size] of [5, 1, 12, 3, 3].entries()) {
      const rules = Array.from({ length: size }, (_, index) => `${limit}-${block}-${index}`);
      await store.insert("security_events", rowsOf(base + block, rules));
      expected.push(...rules);
    }
    const found = await feed.all(limit);
    assert.deepEqual(found.toSorted(), expected.toSorted());
    const blocks = found.map((rule) => Number(rule.split("-")[1]));
    assert.deepEqual(
      blocks,
      blocks.toSorted((left, right) => left - right),
    );
  });
}

test("equal rows are as many as they were", async () => {
  const base = nextBlocks();
  const feed = reader();
  await feed.all(10);
  const twins = Array.from({ length: 9 }, () => ({ ...rowsOf(base, ["twin"])[0] }));
  await store.insert("security_events", twins);
  assert.deepEqual(
    await feed.all(4),
    Array.from({ length: 9 }, () => "twin"),
  );
});

test("a block that becomes visible late is not missed", async () => {
  const base = nextBlocks();
  const feed = reader();
  await feed.all(10);
  await store.insert("security_events", rowsOf(base + 2, ["two"]));
  assert.deepEqual(await feed.all(10), ["two"]);
  await store.insert("security_events", rowsOf(base + 1, ["one, late"]));
  assert.deepEqual(await feed.all(10), ["one, late"]);
});

test("after days of absence nothing is missing", async () => {
  const base = nextBlocks();
  const clock = manualClock(nowMs - 5 * 24 * 60 * minute);
  const feed = reader(clock);
  await feed.all(10);
  await store.insert("security_events", rowsOf(base + 1, ["of the second day"], 3 * 24 * 60 * minute));
  await store.insert("security_events", rowsOf(base + 2, ["of today"]));
  clock.advance(5 * 24 * 60 * minute);
  // Rows of the other cases lie in the future of where this reader began: to it they are new as well.
  const found = (await feed.all(50)).filter((rule) => rule.startsWith("of "));
  assert.deepEqual(found, ["of the second day", "of today"]);
});

test("a position that is none is refused", async () => {
  const queries = createQueries({ store: store.store, clock: manualClock(nowMs) });
  for (const position of ["x", "{}", '{"floor":-1}'])
    await assert.rejects(queries.securityAfter(position, 1), { code: "queries/bad-cursor" });
});

// A place belongs to one path; what was known of another is gone when it changes hands.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createPathMemo } from "./path-memo.ts";

test("a path keeps its place and what is known about it", () => {
  const memo = createPathMemo(1024);
  const column = memo.column();
  const place = memo.placeOf("/etc/shadow");
  column[place] = 7;
  assert.equal(memo.placeOf("/etc/" + ["sha", "dow"].join("")), place);
  assert.equal(column[place], 7);
  assert.equal(memo.evicted, 0);
});

test("with more paths than places the newer one stays, knowing nothing, and each loss is counted", () => {
  const memo = createPathMemo(2);
  const [one, other] = [memo.column(), memo.column()];
  for (let index = 0; index < 20; index += 1) {
    const place = memo.placeOf(`/tmp/${index}`);
    assert.deepEqual([one[place], other[place]], [0, 0]);
    one[place] = index + 1;
    other[place] = index + 1;
  }
  assert.equal(memo.evicted, 18);
});

test("paths of one folder and folders of one file name spread", () => {
  const memo = createPathMemo(4096);
  const paths = Array.from({ length: 500 }, (_, index) => [
    `/proc/${index}/status`,
    `/usr/lib/python3/${index}.py`,
  ]).flat();
  const places = new Set(paths.map((path) => memo.placeOf(path)));
  assert.ok(places.size > 800, `${places.size} places for 1000 paths`);
});

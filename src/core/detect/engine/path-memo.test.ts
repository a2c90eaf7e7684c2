// A place belongs to one path of one kind; what was known of another is gone when it changes hands.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createPathMemo, noPlace, pathMemoLimits, type PathMemo } from "./path-memo.ts";

/** Asked twice: the second time it has a place. */
function keptPlace(memo: PathMemo, path: string, kind = 0): number {
  memo.placeOf(path, kind);
  return memo.placeOf(path, kind);
}

test("a path has a place from the second time on, and keeps what is known about it", () => {
  const memo = createPathMemo(1024, 2);
  assert.equal(memo.placeOf("/etc/shadow", 0), noPlace);
  const place = memo.placeOf("/etc/shadow", 0);
  assert.notEqual(place, noPlace);
  memo.words[place] = 7;
  assert.equal(memo.placeOf("/etc/" + ["sha", "dow"].join(""), 0), place);
  assert.equal(memo.words[place], 7);
  assert.equal(memo.evicted, 0);
});

test("what is known of a path is known for one kind of event only", () => {
  const memo = createPathMemo(1024, 2);
  memo.words[keptPlace(memo, "/etc/shadow", 0)] = 7;
  assert.equal(memo.words[keptPlace(memo, "/etc/shadow", 1)], 0);
});

test("paths that come once take no place from one that comes often", () => {
  const memo = createPathMemo(2, 2);
  const place = keptPlace(memo, "/etc/hosts");
  memo.words[place] = 7;
  for (let index = 0; index < 50; index += 1) assert.equal(memo.placeOf(`/tmp/${index}`, 0), noPlace);
  assert.equal(memo.words[memo.placeOf("/etc/hosts", 0)], 7);
  assert.equal(memo.evicted, 0);
});

test("with more paths than places the newer one stays, knowing nothing, and each loss is counted", () => {
  const memo = createPathMemo(2, 2);
  for (let index = 0; index < 20; index += 1) {
    const place = keptPlace(memo, `/tmp/${index}`);
    assert.deepEqual([memo.words[place], memo.words[place + 1]], [0, 0]);
    memo.words[place] = index + 1;
    memo.words[place + 1] = index + 1;
  }
  assert.equal(memo.evicted, 18);
});

test("very many rules make fewer places, not a larger table", () => {
  assert.ok(createPathMemo(65_536, 700).words.byteLength <= pathMemoLimits.bytesMax);
});

test("paths of one folder and folders of one file name spread", () => {
  const memo = createPathMemo(4096, 2);
  const paths = Array.from({ length: 500 }, (_, index) => [
    `/proc/${index}/status`,
    `/usr/lib/python3/${index}.py`,
  ]).flat();
  const places = new Set(paths.map((path) => keptPlace(memo, path)));
  assert.ok(places.size > 800, `${places.size} places for 1000 paths`);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { changeLogLimits, createChangeLog } from "./change-log.ts";

test("keys since a revision, each once; what was forgotten is not called unchanged", () => {
  const log = createChangeLog();
  assert.deepEqual(log.since(0), []);
  log.add(1, "a");
  log.add(2, "b");
  log.add(2, "a");
  assert.deepEqual(log.since(0)?.toSorted(), ["a", "b"]);
  assert.deepEqual(log.since(1)?.toSorted(), ["a", "b"]);
  assert.deepEqual(log.since(2), []);
  log.clear(3);
  assert.equal(log.since(2), undefined);
  assert.deepEqual(log.since(3), []);
  for (let count = 0; count <= changeLogLimits.changesMax; count += 1) log.add(4 + count, `k${count}`);
  assert.equal(log.since(3), undefined);
  assert.deepEqual(log.since(4 + changeLogLimits.changesMax - 1), [`k${changeLogLimits.changesMax}`]);
});

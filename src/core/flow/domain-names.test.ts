import assert from "node:assert/strict";
import { test } from "node:test";
import { createDomainNames } from "./domain-names.ts";

test("names are known to the workload that asked, for their time", () => {
  const names = createDomainNames();
  names.learn("shop", "db.example", ["10.0.0.1"], { ttlSeconds: 1, nowMs: 0 });
  assert.equal(names.nameOf("shop", "10.0.0.1", 200_000), "db.example");
  assert.equal(names.nameOf("other", "10.0.0.1", 0), "");
  assert.equal(names.nameOf("shop", "10.0.0.1", 300_001), "");
  names.learn("shop", "long.example", ["10.0.0.2"], { ttlSeconds: 1_000_000, nowMs: 0 });
  assert.equal(names.nameOf("shop", "10.0.0.2", 3_600_000), "long.example");
  assert.equal(names.nameOf("shop", "10.0.0.2", 3_600_001), "");
});

test("the oldest names leave, the newest name of an address wins", () => {
  const names = createDomainNames(3);
  const validity = { ttlSeconds: 60, nowMs: 0 };
  names.learn("shop", "old.example", ["10.0.0.1"], validity);
  names.learn("shop", "many.example", ["10.0.0.2", "10.0.0.3", "10.0.0.4"], validity);
  assert.equal(names.size, 3);
  assert.equal(names.nameOf("shop", "10.0.0.1", 0), "");
  names.learn("shop", "new.example", ["10.0.0.2"], validity);
  assert.equal(names.nameOf("shop", "10.0.0.2", 0), "new.example");
});

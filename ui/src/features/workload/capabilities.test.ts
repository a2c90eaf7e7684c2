import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilityNames } from "./capabilities.ts";

test("bits become names, above 32 too", () => {
  assert.equal(capabilityNames(0), "none");
  assert.equal(capabilityNames(2 ** 10 + 2 ** 39), "NET_BIND_SERVICE, BPF");
  assert.equal(capabilityNames(2 ** 41 - 1), "all (41)");
});

// Protocols have one name each, in both directions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { protocolName, protocolNumbers } from "./protocols.ts";

test("names and numbers agree; what has no name is its number", () => {
  for (const [name, number] of Object.entries(protocolNumbers)) assert.equal(protocolName(number), name);
  assert.equal(protocolName(47), "47");
  assert.equal(protocolNumbers["gre"], undefined);
});

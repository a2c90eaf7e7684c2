import assert from "node:assert/strict";
import { test } from "node:test";
import { termsLast } from "./main.ts";

test("filter terms with a minus are no flags", () => {
  const cases = [
    [
      ["flows", "-verdict:allow", "-f"],
      ["flows", "-f", "--", "-verdict:allow"],
    ],
    [
      ["flows", "--since", "1h", "-from.ns:shop port:5"],
      ["flows", "--since", "1h", "--", "-from.ns:shop port:5"],
    ],
    [
      ["flows", "-o", "wide", "port:1"],
      ["flows", "-o", "wide", "port:1"],
    ],
    [
      ["flows", "--", "-verdict:allow"],
      ["flows", "--", "-verdict:allow"],
    ],
  ] as const;
  for (const [given, expected] of cases) assert.deepEqual(termsLast(given), expected);
});

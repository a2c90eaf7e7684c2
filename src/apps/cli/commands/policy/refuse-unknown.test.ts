import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../../../base/fault.ts";
import { refuseUnknown } from "./refuse-unknown.ts";

test("an approved key that no edge has is usage, with at most five keys that are held back", () => {
  const held = Array.from({ length: 7 }, (_, index) => ({ key: `a -> b ${index}/tcp` }));
  const hintOf = (edges: readonly { readonly key: string }[]): string => {
    try {
      refuseUnknown({ approvedUnknown: ["a -> c"], held: edges });
    } catch (error) {
      assert.ok(error instanceof Fault && error.kind === "usage" && error.message.includes('"a -> c"'));
      return error.hint ?? "";
    }
    return "no fault";
  };
  assert.match(hintOf(held), /^held back: "a -> b 0\/tcp", .*"a -> b 4\/tcp" and 2 more$/);
  assert.equal(hintOf([]), "nothing is held back");
  refuseUnknown({ approvedUnknown: [], held });
  refuseUnknown({ held });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { functionsOf } from "./functions.ts";

test("measures functions, whatever their return type and whatever brackets stand in strings", () => {
  const text = [
    "export function plain(a: string): void {",
    '  const brace = "}";',
    "}",
    "async function typed(): Promise<{ a: number }> {",
    "  return { a: /[{]/.test(`{`) ? 1 : 2 };",
    "}",
    "function object(): { readonly ok: boolean } {",
    "  // }",
    "  return { ok: true };",
    "}",
  ].join("\n");

  assert.deepEqual(functionsOf(text), [
    { name: "plain", line: 1, lines: 3 },
    { name: "typed", line: 4, lines: 3 },
    { name: "object", line: 7, lines: 4 },
  ]);
});

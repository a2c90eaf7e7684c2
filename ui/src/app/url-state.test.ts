import assert from "node:assert/strict";
import { test } from "node:test";
import { filterOf, filterOffset, parseSearch, quoteValue, readUrlState, stringifySearch } from "./url-state.ts";

test("drops what it does not know or cannot read", () => {
  const state = readUrlState({ q: "ns:shop", range: "yesterday", cluster: "", evil: "<script>", ns: 4, kinds: "dns" });
  assert.deepEqual(state, { q: "ns:shop", kinds: "dns" });
  assert.deepEqual(readUrlState({ q: "a".repeat(5000) }), {});
});

test("the address bar stays readable and reads back the same", () => {
  const state = { q: 'ns:shop "two words"', range: "15m", tab: "dns" };
  const text = stringifySearch(state);
  assert.equal(text, "?q=ns%3Ashop+%22two+words%22&range=15m&tab=dns");
  assert.deepEqual(readUrlState(parseSearch(text)), state);
  assert.equal(stringifySearch({}), "");
});

test("scope and filter become one text, and positions can be mapped back", () => {
  const state = { cluster: "local", ns: "my shop", q: "verdcit:deny" };
  assert.equal(filterOf(state), 'cluster:local ns:"my shop" verdcit:deny');
  assert.equal(filterOf(state).slice(filterOffset(state)), "verdcit:deny");
  assert.equal(filterOf({}), "");
});

test("quotes only what needs it", () => {
  for (const [input, expected] of [
    ["nginx.service", "nginx.service"],
    ["session-3 (0)", '"session-3 (0)"'],
    ["a:b", '"a:b"'],
    ['say "hi"', '"say \\"hi\\""'],
  ] as const)
    assert.equal(quoteValue(input), expected);
});

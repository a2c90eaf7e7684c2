// Which texts of compiled files become names of compiled files.
import assert from "node:assert/strict";
import { it } from "node:test";
import { renameStarted } from "./build-package.ts";

it("names of files that were compiled lose .ts, all other texts stay", () => {
  const there = new Set(["./thread.js", "nflog.worker.js"]);
  const cases: readonly (readonly [string, string])[] = [
    ['new URL("./thread.ts", import.meta.url)', 'new URL("./thread.js", import.meta.url)'],
    ['path.join(import.meta.dirname, "nflog.worker.ts")', 'path.join(import.meta.dirname, "nflog.worker.js")'],
    ['import.meta.url.endsWith(".ts")', 'import.meta.url.endsWith(".ts")'],
    ['"other.ts"', '"other.ts"'],
    ['"a word.ts"', '"a word.ts"'],
  ];
  for (const [text, expected] of cases)
    assert.equal(
      renameStarted(text, (relative) => there.has(relative)),
      expected,
    );
});

// Variables in words: every form that BuildKit has, and what is not one.
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { expandWord, referencesOf } from "./expand.ts";
import { imageOf } from "./stages.ts";

const values = new Map([
  ["x", "1.2.3"],
  ["empty", ""],
  ["path", "/a/b/c"],
]);
const lookup = (name: string): string | undefined => values.get(name);

test("expansion", () => {
  const table: readonly (readonly [raw: string, text: string, missing?: readonly string[]])[] = [
    ["a$x", "a1.2.3"],
    ["${x}b", "1.2.3b"],
    ["$y", "", ["y"]],
    ["${y:-d}", "d"],
    ["${empty:-d}", "d"],
    ["${empty-d}", ""],
    ["${x:+set}", "set"],
    ["${y:+set}", ""],
    ["${empty+set}", "set"],
    ["${y:-${x}}", "1.2.3"],
    ["${y:?must}", "", ["y"]],
    ["${path#/*/}", "b/c"],
    ["${path##*/}", "c"],
    ["${path%/*}", "/a/b"],
    ["${path%%/*}", ""],
    ["${x/./-}", "1-2.3"],
    ["${x//./-}", "1-2-3"],
    ["'$x'", "$x"],
    ['"$x"', "1.2.3"],
    ["\\$x", "$x"],
    ["$", "$"],
    ["$1", "$1"],
    ["${x", "${x"],
    ["a${}b", "a${}b"],
  ];
  for (const [raw, text, missing = []] of table)
    deepEqual([raw, expandWord(raw, "\\", lookup)], [raw, { text, missing }]);
});

test("references: not in single quotes, not behind the escape character", () => {
  deepEqual(referencesOf("$a '$b' \\$c ${d:-$e} \"$f\"", "\\"), ["a", "d", "e", "f"]);
});

test("images of FROM: registry, repository, tag, digest, with ARG's defaults", () => {
  const parts = (written: string) => {
    const { registry, repository, tag, digest, isOpen } = imageOf(written, "\\", new Map([["V", "20"]]));
    return [registry, repository, tag, digest, isOpen];
  };
  deepEqual(parts("node:20"), ["docker.io", "node", "20", "", false]);
  deepEqual(parts("localhost:5000/a/b"), ["localhost:5000", "a/b", "", "", false]);
  deepEqual(parts("a.example/b:c@sha256:d"), ["a.example", "b", "c", "sha256:d", false]);
  deepEqual(parts("node:${V}-slim"), ["docker.io", "node", "20-slim", "", false]);
  deepEqual(parts("node:${W:-18}"), ["docker.io", "node", "18", "", false]);
  deepEqual(parts("$W")[4], true);
});

test("any text expands without an exception", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(..."$ x y { } : - + # % / * ? ' \" \\".split(" "), " "), maxLength: 200 }),
      (raw) => {
        expandWord(raw, "\\", lookup);
        referencesOf(raw, "\\");
      },
    ),
  );
});

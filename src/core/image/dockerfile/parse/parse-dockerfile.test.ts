// The Dockerfile grammar: directives, continuation, heredocs, JSON form, flags, pairs, places.
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { bare, placeAt } from "./model.ts";
import { parseDockerfile } from "./parse-dockerfile.ts";
import { mountOf, unquote } from "./words.ts";

const only = (text: string) => {
  const [first] = parseDockerfile(text).instructions;
  if (first === undefined) throw new Error("no instruction");
  return first;
};

test("logical lines: continuation takes comments and empty lines out; an escaped escape ends the line", () => {
  const table: readonly (readonly [text: string, bodies: readonly string[]])[] = [
    ["RUN a \\\n  b", ["a   b"]],
    ["RUN a \\\n# note\n  b", ["a   b"]],
    ["RUN a \\\n\n  b\nRUN c", ["a   b", "c"]],
    ["RUN a \\  \t\n b", ["a  b"]],
    ["RUN a \\\\\nRUN b", ["a \\\\", "b"]],
    ["# escape=`\nRUN a `\n b\\\nRUN c", ["a  b\\", "c"]],
    ["\uFEFFRUN a\r\nRUN b \\\r\n c\r\n", ["a", "b  c"]],
    ["   RUN a", ["a"]],
    ["RUN a \\", ["a"]],
    ["# escape=`\n# syntax=x\nRUN a", ["a"]],
    ["#\n# escape=`\nRUN a \\\n b", ["a  b"]],
  ];
  for (const [text, bodies] of table)
    deepEqual([text, parseDockerfile(text).instructions.map(({ body }) => body)], [text, bodies]);
});

test("directives stand at the top only, once each", () => {
  const { directives, escape } = parseDockerfile(
    "# Syntax = docker/dockerfile:1\n# escape = `\n# check=skip=all\nFROM a",
  );
  deepEqual(
    [...directives],
    [
      ["syntax", "docker/dockerfile:1"],
      ["escape", "`"],
      ["check", "skip=all"],
    ],
  );
  equal(escape, "`");
  equal(parseDockerfile("FROM a\n# escape=`").escape, "\\");
  equal(parseDockerfile("# syntax=a\n# syntax=b\nFROM a").problems.length, 1);
});

test("heredocs: several, stripped, quoted, behind ONBUILD, in COPY; unclosed ones are told and end the file", () => {
  const two = only("RUN cat <<A <<-'B'\none\nA\n\ttwo\n\tB\n");
  deepEqual(two.heredocs, [
    { name: "A", isQuoted: false, content: "one", line: 2 },
    { name: "B", isQuoted: true, content: "two", line: 4 },
  ]);
  equal(two.endLine, 5);
  equal(parseDockerfile("RUN <<A\nx\nA\nRUN b").instructions.length, 2);
  equal(parseDockerfile("ONBUILD RUN <<A\nx\nA\nRUN b").instructions.length, 2);
  equal(only("COPY <<a.txt /a\nhello\na.txt").heredocs[0]?.content, "hello");
  equal(only("RUN cat <<< x").heredocs.length, 0);
  equal(only('RUN echo "<<A"').heredocs.length, 0);
  equal(only("ENV A=<<B").heredocs.length, 0);
  const open = parseDockerfile("RUN <<A\nx\nRUN b");
  deepEqual([open.instructions.length, open.problems[0]?.message], [1, "the heredoc A has no end"]);
});

test("JSON form only of arrays of strings; all else is a command line", () => {
  deepEqual(only('CMD ["a", "b c"]').json, ["a", "b c"]);
  deepEqual(only('CMD  [ "a" ]  ').json, ["a"]);
  deepEqual(only("CMD []").json, []);
  for (const text of ["CMD ['a']", 'CMD ["a", 1]', 'CMD ["a"', "CMD [ -f x ]", 'CMD ["a"] b', "CMD a"])
    equal(only(text).json, undefined, text);
});

test("flags: quotes, several, --, only where an instruction has some", () => {
  const flags = (text: string) => only(text).flags.map(({ name, value }) => [name, value]);
  deepEqual(flags('FROM --platform="$BUILDPLATFORM" a'), [["platform", "$BUILDPLATFORM"]]);
  deepEqual(flags("COPY --from=a --chown=1:1 --link b c"), [
    ["from", "a"],
    ["chown", "1:1"],
    ["link", undefined],
  ]);
  deepEqual(flags("CMD --help"), []);
  equal(only("RUN --mount=type=cache,target=/x \\\n  --network=none apt").body, "apt");
  equal(only("COPY -- --a b").body, "--a b");
  deepEqual(mountOf("type=cache,target=/a,sharing=locked"), { type: "cache", target: "/a", from: "", id: "" });
  deepEqual(mountOf("dst=/a,from=b"), { type: "bind", target: "/a", from: "b", id: "" });
});

test("pairs: quotes, escapes, several, the form without =, ARG without a value", () => {
  const pairs = (text: string) => only(text).pairs.map(({ name, value }) => [name, value]);
  deepEqual(pairs(`ENV A=b C="d e" F='g $h' I=j\\ k`), [
    ["A", "b"],
    ["C", "d e"],
    ["F", "g $h"],
    ["I", "j k"],
  ]);
  deepEqual(pairs("ENV A b c"), [["A", "b c"]]);
  deepEqual(pairs("ENV A b=c"), [["A", "b=c"]]);
  deepEqual(pairs("ARG A B=c"), [
    ["A", ""],
    ["B", "c"],
  ]);
  deepEqual(pairs('LABEL "a b"=c'), [["a b", "c"]]);
  equal(only("ENV A b").isLegacy, true);
  equal(parseDockerfile("ENV A=b C").problems[0]?.message, 'ENV has a word without "="');
});

test("places: line and column of what stands on a later line", () => {
  const run = only("  RUN a && \\\n# c\n   b");
  deepEqual([run.line, run.column, run.endLine], [1, 3, 3]);
  deepEqual(placeAt(run, 4), { line: 1, column: 7 });
  deepEqual(placeAt(run, run.bodyOffset + run.body.indexOf("b")), { line: 3, column: 4 });
});

test("unknown instructions and flags are told with the nearest known one; the rest goes on", () => {
  const { problems, instructions } = parseDockerfile("FORM a\nCOPY --form=x a b\nXYZZY q\nRUN b");
  deepEqual(
    problems.map(({ kind, line, fix }) => [kind, line, fix]),
    [
      ["unknown-instruction", 1, "Did you mean FROM?"],
      ["unknown-flag", 2, "Did you mean --from?"],
      ["unknown-instruction", 3, "Begin the line with an instruction, or continue the line before."],
    ],
  );
  equal(instructions.length, 4);
});

test("quotes are taken away as the build does; for paths only those around", () => {
  equal(unquote(`a"b c"'d\\e'\\ f`, "\\"), "ab cd\\e f");
  equal(unquote('"C:\\x\\"y"', "\\"), 'C:\\x"y');
  equal(bare("'C:\\'"), "C:\\");
  equal(bare('"'), "");
});

// The shell splitter: which commands stand in a script, with which words, in which pipe.
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { flagValues, hasFlag, packagesAfter, plainArguments } from "./arguments.ts";
import { parseScript, scriptOfWords } from "./parse-script.ts";
import { shellLimits } from "./script.ts";

/** "name word word" of each command. */
function commandsOf(text: string): readonly string[] {
  return parseScript(text).commands.map(({ name, arguments: words }) =>
    [name, ...words.map((word) => word.text)].join(" "),
  );
}

test("commands of chains, groups, loops, conditions, cases, functions, substitutions", () => {
  const table: readonly (readonly [script: string, commands: readonly string[]])[] = [
    ["a b && c || d; e & f", ["a b", "c", "d", "e", "f"]],
    ["a 'b c' \"d $e\" f\\ g h''i", ["a b c d $e f g hi"]],
    ["(a; b) && { c; d; }", ["a", "b", "c", "d"]],
    ["if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]],
    ["for i in 1 $(x y) 3; do a $i; done", ["x y", "a $i"]],
    ["while ! a; do b; done < f", ["a", "b"]],
    ["case $x in a|b) c;; (d) e ;; *) f; esac; g", ["c", "e", "f", "g"]],
    ["f() { a; }; function g { b; }", ["a", "b"]],
    ['a "$(b "$(c)")" `d e`', ["c", "b $()", "d e", "a $() $()"]],
    ['A=1 B="$(x)" a; C=2', ["x", "a", ""]],
    ["a > out 2>&1 < in &> all >> more b", ["a b"]],
    ["a # b c\nd", ["a", "d"]],
    ["a#b", ["a#b"]],
    ["cat <<E | b\nx && y\nE\nc", ["cat", "b", "c"]],
    ["cat <<-'E'\n\tx\n\tE\nc", ["cat", "c"]],
    ["[[ a && b ]] && c", ["c"]],
    ["(( a = 1 )) && b", ["b"]],
    ["a $((1 + (2 * 3))) b", ["a $(()) b"]],
    ["a=(b c d) e", ["e"]],
    ["diff <(a) <(b)", ["a", "b", "diff"]],
    ["/usr/bin/apt-get x", ["apt-get x"]],
    ["sudo -u me a b", ["sudo -u me a b", "a b"]],
    ["env A=1 nice -n 5 a", ["env A=1 nice -n 5 a", "nice -n 5 a", "a"]],
    ["sh -c 'a && b'", ["sh -c a && b", "a", "b"]],
    ["bash -o pipefail -ec 'a | b'", ["bash -o pipefail -ec a | b", "a", "b"]],
    ["echo if then", ["echo if then"]],
    ["a ${b:-$(c)} d", ["c", "a ${b:-$()} d"]],
    ["a \\\n b", ["a b"]],
    ["time a", ["a"]],
    ["echo 'unclosed", ["echo unclosed"]],
    [") a", ["a"]],
    ["", []],
  ];
  for (const [script, commands] of table) deepEqual([script, commandsOf(script)], [script, commands]);
});

test("pipes: members share a number, others have none", () => {
  const { commands, hasPipe } = parseScript("a | b | c && d; e || f | sudo g");
  const pipes = commands.map(({ name, pipe }) => `${name}${pipe}`);
  deepEqual(pipes, ["a0", "b0", "c0", "d-1", "e-1", "f1", "sudo1", "g1"]);
  equal(hasPipe, true);
  equal(parseScript("a || b; echo '|'").hasPipe, false);
});

test("nested commands are marked; the JSON form is one command", () => {
  const { commands } = parseScript("a; (b); c $(d)");
  deepEqual(
    commands.map(({ name, isNested }) => [name, isNested]),
    [
      ["a", false],
      ["b", true],
      ["d", true],
      ["c", false],
    ],
  );
  deepEqual(
    scriptOfWords(["apt-get", "install", "a b"], 0).commands[0]?.arguments.map(({ text }) => text),
    ["install", "a b"],
  );
  equal(scriptOfWords(["sh", "-c", "a; b"], 0).commands.length, 3);
});

test("flags: letters in clusters, long names, values", () => {
  const [command] = parseScript("apt-get -yqq -t sid --option=x install a --target-release b c").commands;
  if (command === undefined) throw new Error("no command");
  deepEqual(
    [hasFlag(command, "y"), hasFlag(command, "option"), hasFlag(command, "opt"), hasFlag(command, "z")],
    [true, true, false, false],
  );
  deepEqual(
    plainArguments(command, new Set(["t", "target-release"])).map(({ text }) => text),
    ["install", "a", "c"],
  );
  deepEqual(
    packagesAfter(command, ["install"], new Set(["t", "target-release"]))?.map(({ text }) => text),
    ["a", "c"],
  );
  equal(packagesAfter(command, ["remove"], new Set(["t"])), undefined);
  deepEqual(flagValues(command, "t", "target-release"), ["sid", "b"]);
});

test("any script ends, within the limits", () => {
  const pieces = fc.constantFrom(
    "a",
    " ",
    "'",
    '"',
    "$(",
    ")",
    "`",
    "${",
    "}",
    "|",
    "&&",
    ";",
    "\n",
    "<<E",
    "\nE\n",
    "case x in ",
    "esac",
    "if ",
    "(",
    "((",
    "\\",
    "#",
    "sh -c '",
    ">",
    "=",
    "[[ ",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 200 }), (parts) => {
      const { commands } = parseScript(parts.join(""));
      ok(commands.length <= shellLimits.commandsMax * 2);
    }),
  );
});

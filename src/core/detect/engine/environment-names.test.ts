// Which variables rules ask for; and that a rule which names none is blind, not quiet.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compiled, engineOf, rule } from "../rules.fixture.ts";
import { environmentNames } from "./environment-names.ts";

const cases: readonly [condition: string, expected: readonly string[]][] = [
  ["proc.name = a", []],
  ["proc.env icontains HTTP_PROXY", ["HTTP_PROXY"]],
  ['proc.env contains "HTTP_PROXY=http://my.proxy "', ["HTTP_PROXY"]],
  ['proc.env startswith "PATH=/tmp"', ["PATH"]],
  ["proc.env[LD_PRELOAD] exists", ["LD_PRELOAD"]],
  ["proc.env[LD_PRELOAD] endswith .so", ["LD_PRELOAD"]],
  ["proc.env[LD_PRELOAD] contains GLIBC_TUNABLES", ["LD_PRELOAD"]],
  ["proc.aenv[OLDPWD] startswith /tmp", ["OLDPWD"]],
  ["proc.aenv[2] contains GLIBC_TUNABLES", ["GLIBC_TUNABLES"]],
  ["proc.aenv contains GLIBC_TUNABLES", ["GLIBC_TUNABLES"]],
  ["not proc.env contains GLIBC_TUNABLES", ["GLIBC_TUNABLES"]],
  ["proc.exepath = val(proc.env[SHELL])", ["SHELL"]],
  ["toupper(proc.env) contains GLIBC_TUNABLES", ["GLIBC_TUNABLES"]],
  ["proc.env contains /tmp", []],
  ["proc.env contains LD_", []],
  ["proc.env contains X", []],
  ['proc.env contains "X="', ["X"]],
  ["proc.env endswith LD_PRELOAD", []],
  ["proc.env exists", []],
  ["proc.env[LD_PRELOAD] exists or proc.env contains GLIBC_TUNABLES", ["GLIBC_TUNABLES", "LD_PRELOAD"]],
];
for (const [condition, expected] of cases)
  test(`names in ${condition}`, () => {
    const { rules, problems } = compiled([rule("r", `evt.type = execve and (${condition})`)]);
    assert.deepEqual(problems, []);
    assert.deepEqual([...environmentNames(rules)].toSorted(), expected);
  });

test("a rule that is switched off asks for nothing", () => {
  const { rules } = compiled([rule("r", "evt.type = execve and proc.env contains PASSWORD", { enabled: false })]);
  assert.deepEqual([...environmentNames(rules)], []);
});

test("fields that a GarrisonRule counts by are asked for", () => {
  const { rules, problems } = compiled({
    apiVersion: "garrison/v1",
    kind: "GarrisonRule",
    metadata: { name: "counted" },
    spec: {
      severity: "low",
      description: "d",
      output: "o",
      threshold: { condition: "evt.type = execve", count: 2, within: "10s", by: "node", fields: ["proc.env[TENANT]"] },
    },
  });
  assert.deepEqual(problems, []);
  assert.deepEqual([...environmentNames(rules)], ["TENANT"]);
});

test("without a name the rule is blind, and told how to name one", () => {
  const states = engineOf(
    compiled([
      rule("none", "evt.type = execve and proc.env contains /tmp"),
      rule("named", 'evt.type = execve and proc.env contains "PATH=/tmp"'),
    ]),
  ).detector.rules();
  assert.deepEqual(
    states.map(({ name, sight }) => [name, sight]),
    [
      ["none", "blind"],
      ["named", "sees"],
    ],
  );
  assert.match(states[0]?.sightBecause ?? "", /proc\.env as a whole: name the variable/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { compileRules } from "./compile-rules.ts";
import { compiled, engineOf, exec, fileOf, inShop, rule } from "./rules.fixture.ts";

const conditionOf = (name: string, ...files: Parameters<typeof compileRules>[0]): string => {
  const { rules, problems } = compileRules(files);
  assert.deepEqual(problems, []);
  return rules.summaries.find((one) => one.name === name)?.condition ?? "";
};

test("macros and lists are written out; later files redefine them for all", () => {
  const base = fileOf("a", [
    { list: "l", items: ["x", "m"] },
    { list: "m", items: ["y z"] },
    { macro: "q", condition: "proc.name in (l)" },
    rule("r", "q and not proc.pname in (m)"),
  ]);
  assert.equal(conditionOf("r", base), 'proc.name in ("x", "y z") and not proc.pname in ("y z")');
  assert.equal(
    conditionOf("r", base, fileOf("b", [{ macro: "q", condition: "proc.name = b" }])),
    'proc.name = b and not proc.pname in ("y z")',
  );
});

test("overrides append and replace, also the older append: true", () => {
  const base = fileOf("a", [
    { list: "l", items: ["x"] },
    { macro: "q", condition: "proc.name in (l)" },
    rule("r", "q", { tags: ["a"], output: "one" }),
  ]);
  const cases: readonly (readonly [object, string])[] = [
    [{ list: "l", items: ["y"], override: { items: "append" } }, 'proc.name in ("x", "y")'],
    [{ list: "l", items: ["y"], append: true }, 'proc.name in ("x", "y")'],
    [{ list: "l", items: ["y"], override: { items: "replace" } }, 'proc.name in ("y")'],
    [{ macro: "q", condition: "or proc.name = z", append: true }, 'proc.name in ("x") or proc.name = z'],
    [
      { rule: "r", condition: "and proc.pname = p", override: { condition: "append" } },
      'proc.name in ("x") and proc.pname = p',
    ],
    [{ rule: "r", condition: "proc.pname = p", override: { condition: "replace" } }, "proc.pname = p"],
  ];
  for (const [item, expected] of cases)
    assert.equal(conditionOf("r", base, fileOf("b", [item])), expected, JSON.stringify(item));
  const changed = compileRules([
    base,
    fileOf("b", [
      {
        rule: "r",
        tags: ["T1059"],
        output: "two",
        priority: "CRITICAL",
        override: { tags: "append", output: "append", priority: "replace" },
      },
      { rule: "r", enabled: false },
    ]),
  ]).rules.summaries[0];
  assert.deepEqual(
    [changed?.tags, changed?.techniques, changed?.output, changed?.priority, changed?.isEnabled],
    [["a", "T1059"], ["T1059"], "one two", "critical", false],
  );
});

test("exceptions of every shape take their events out", () => {
  const withException = (exception: object) =>
    rule("r", "evt.type = execve", { exceptions: [{ name: "e", ...exception }] });
  const cases: readonly (readonly [object, string])[] = [
    [
      {
        fields: ["proc.name", "proc.pname"],
        values: [
          ["a", "b"],
          ["c", "d"],
        ],
      },
      'not (proc.name = "a" and proc.pname = "b" or proc.name = "c" and proc.pname = "d")',
    ],
    [
      { fields: ["proc.name", "proc.args"], comps: ["in", "startswith"], values: [[["a", "b"], "-x"]] },
      'not (proc.name in (a, b) and proc.args startswith "-x")',
    ],
    [{ fields: "proc.name", values: ["a", "b"] }, "not proc.name in (a, b)"],
    [
      { fields: "proc.args", comps: "contains", values: ["a", "b"] },
      'not (proc.args contains "a" or proc.args contains "b")',
    ],
    [{ fields: ["proc.name"], values: [] }, ""],
  ];
  for (const [exception, expected] of cases)
    assert.equal(
      conditionOf("r", fileOf("a", [withException(exception)])),
      expected === "" ? "evt.type = execve" : `evt.type = execve and ${expected}`,
    );
  const { rules } = compileRules([
    fileOf("a", [withException({ fields: "proc.name", values: ["a"] })]),
    fileOf("b", [{ rule: "r", exceptions: [{ name: "e", values: ["b"] }], override: { exceptions: "append" } }]),
  ]);
  assert.equal(rules.summaries[0]?.condition, "evt.type = execve and not proc.name in (a, b)");
});

test("a broken item is refused alone, with its line and the nearest name", () => {
  const cases: readonly (readonly [object, string, RegExp])[] = [
    [rule("b", "proc.nme = x"), "detect/unknown-field", /proc\.name/],
    [rule("b", "evt.type = opnat"), "detect/bad-value", /openat/],
    [rule("b", "spawnd"), "detect/unknown-macro", /spawned/],
    [rule("b", "fd.num = x"), "detect/bad-value", /^$/],
    [rule("b", "proc.name > 3"), "detect/bad-value", /=/],
    [rule("b", "proc.pid contains 3"), "detect/bad-value", /=/],
    [rule("b", "fd.sip = nowhere"), "detect/bad-value", /10\.0\.0\.1/],
    [rule("b", "proc.name regex '('"), "", /^/],
    [rule("b", "spawned", { priority: "warnimg" }), "detect/bad-value", /warning/],
    [rule("b", "spawned", { source: "sycall" }), "detect/bad-value", /syscall/],
    [rule("b", "spawned", { output: "%proc.nme" }), "detect/unknown-field", /proc\.name/],
    [{ rule: "b", condition: "spawned", override: { condition: "append" } }, "detect/nothing-to-override", /`builtin`/],
    [{ rule: "good", condition: "spawned", override: { condition: "apend" } }, "detect/bad-override", /^$/],
    [{ rule: "good", condition: "spawned", override: { constructor: "append" } }, "detect/bad-override", /^/],
    [{ mcro: "x", condition: "y" }, "detect/unknown-item", /macro/],
    [{ macro: "loop", condition: "loop" }, "", /^/],
  ];
  for (const [item, code, hint] of cases) {
    const { rules, problems } = compiled([
      { macro: "spawned", condition: "evt.type = execve" },
      item,
      rule("good", "spawned"),
    ]);
    assert.ok(
      rules.summaries.some(({ name }) => name === "good"),
      JSON.stringify(item),
    );
    if (code === "") continue;
    const [problem] = problems;
    assert.equal(problem?.code, code, JSON.stringify(item));
    assert.equal(problem?.line, 2, JSON.stringify(item));
    assert.match(problem?.hint ?? "", hint);
  }
});

test("regular expressions that are wrong are refused when rules are read, and evil ones do not hold the engine up", () => {
  const broken = compiled([rule("b", "proc.name regex '(a'"), rule("good", "evt.type = execve")]);
  assert.deepEqual(
    broken.rules.summaries.map(({ name }) => name),
    ["good"],
  );
  const { detector, told } = engineOf(compiled([rule("evil", "evt.type = execve and proc.args regex '(a+)+b'")]));
  detector.take([exec(5, 1, ["/x", "a".repeat(5000)]), exec(6, 1, ["/x", "aaab"])], () => inShop);
  assert.deepEqual(
    told.map(({ process }) => process.pid),
    [6],
  );
});

test("requirements: newer engines and unknown plugins are said, the rules are read", () => {
  const { rules, problems } = compiled([
    { required_engine_version: "0.99.0" },
    {
      required_plugin_versions: [
        { name: "okta", version: "1.0.0" },
        { name: "container", version: "0.4.0" },
      ],
    },
    rule("r", "evt.type = execve"),
  ]);
  assert.deepEqual(
    problems.map(({ code, severity }) => [code, severity]),
    [
      ["detect/newer-engine", "warning"],
      ["detect/unknown-plugin", "warning"],
    ],
  );
  assert.equal(rules.summaries.length, 1);
});

test("unused macros and lists are listed; a rule of an unknown field may ask to be skipped", () => {
  const { rules, problems } = compiled([
    { macro: "m", condition: "evt.type = open" },
    { list: "l", items: ["a"] },
    rule("s", "no.such = 1", { "skip-if-unknown-filter": true }),
  ]);
  assert.deepEqual([rules.unusedMacros, rules.unusedLists, rules.summaries.length, problems], [["m"], ["l"], 0, []]);
});

test("outputs hold no secrets, and missing values say so", () => {
  const { detector, told } = engineOf(
    compiled([
      rule("r", "evt.type = execve", { output: "c=%proc.cmdline f=%fd.name t=%toupper(proc.name) a=%proc.aname[2]" }),
    ]),
  );
  detector.take([exec(5, 1, ["/usr/bin/mysql", "-psecret123", "shop"])], () => inShop);
  assert.match(told[0]?.output ?? "", /^c=mysql -p‹redacted:[a-z-]+› shop f=<NA> t=MYSQL a=<NA>$/);
  assert.doesNotMatch(JSON.stringify(told), /secret123/);
});

test("all that is wrong in one rule is told in one go, each once, and the rule is refused once", () => {
  const { rules, problems } = compiled([
    { macro: "shells", condition: "proc.nam in (bash) and fd.nme startswith /etc and nothing_here" },
    {
      rule: "bad",
      desc: "",
      priority: "WARNIMG",
      source: "sycall",
      tags: ["mitre_exection", "T10599", "T1059.004", "mitre_impact", "team_a"],
      condition:
        "evt.type = open and proc.pnme = a and fd.name startwith (/etc, /usr) and shells and not shels and proc.nam = x",
      exceptions: [{ name: "e", fields: ["proc.nmae"], comps: ["="], values: [["x"]] }],
    },
    rule("more", "evt.typ = open and proc.pid contians 1 or proc.name isset", {
      output: "%proc.nme %fd.nam %proc.name",
    }),
    rule("good", "evt.type = open"),
  ]);
  const of = (item: string) =>
    problems.filter((each) => each.item === item).map(({ message, hint }) => `${message} ${hint}`);
  const expected: Readonly<Record<string, readonly RegExp[]>> = {
    bad: [
      /"warnimg" is no priority.*warning/,
      /source "sycall".*syscall/,
      /needs an output/,
      /operator was expected after fd\.name.*startswith/,
      /proc\.pnme/,
      /"proc\.nam"/,
      /"fd\.nme"/,
      /no macro "nothing_here"/,
      /no macro "shels".*shells/,
      /proc\.nmae/,
      /"mitre_exection" is no tactic.*mitre_execution/,
      /"T10599" is no technique/,
    ],
    more: [/after proc\.pid.*contains/, /after proc\.name/, /evt\.typ"/, /proc\.nme/, /fd\.nam"/],
    good: [],
  };
  for (const [item, patterns] of Object.entries(expected)) {
    const told = of(item);
    for (const pattern of patterns)
      assert.equal(told.filter((line) => pattern.test(line)).length, 1, `${pattern}\n${told.join("\n")}`);
    assert.equal(told.length, patterns.length, told.join("\n"));
  }
  assert.deepEqual(
    rules.summaries.map(({ name }) => name),
    ["good"],
  );
});

test("the beginning of a priority's name is enough, as in Falco", () => {
  for (const [priority, expected] of [
    ["WARN", "warning"],
    ["crit", "critical"],
    ["Info", "informational"],
    ["EMERG", "emergency"],
    ["err", "error"],
  ] as const) {
    const { rules, problems } = compiled([rule("r", "proc.name = x", { priority })]);
    assert.deepEqual([problems, rules.summaries[0]?.priority], [[], expected]);
  }
  assert.deepEqual(
    compiled([rule("r", "proc.name = x", { priority: "warnimg" })]).problems.map(({ hint }) => hint),
    ['did you mean "warning"?'],
  );
});

// proc.env and proc.aenv through the engine: what rules see, what outputs show, and that no secret is shown in any way of asking.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SensorEvent } from "../../sense/sensor.ts";
import { argumentsNotKept } from "../output/without-arguments.ts";
import { compiled, engineOf, exec, file, inShop, rule } from "../rules.fixture.ts";

function execWith(pid: number, parent: number, environment: readonly string[] | undefined): SensorEvent {
  return { ...exec(pid, parent, ["/bin/x"]), ...(environment === undefined ? {} : { environment }) };
}

const family = [
  execWith(10, 1, ["WHO=grandparent", "ONLY=far"]),
  execWith(11, 10, ["WHO=parent"]),
  execWith(12, 11, ["WHO=own words", "EMPTY="]),
];

/** The output of a rule on the last of `events`. */
function shownFor(events: readonly SensorEvent[], field: string, condition = "proc.pid exists"): string | undefined {
  const last = events.at(-1)?.process.pid ?? 0;
  const made = compiled([
    rule("r", `evt.type = execve and proc.pid = ${last} and ${condition}`, { output: `%${field}` }),
  ]);
  assert.deepEqual(made.problems, []);
  const { detector, told } = engineOf(made);
  detector.take(events, () => inShop);
  return told[0]?.output;
}

const shown: readonly [field: string, expected: string][] = [
  ["proc.env", "WHO=own words EMPTY="],
  ["proc.env[WHO]", "own words"],
  ["proc.env[EMPTY]", ""],
  ["proc.env[who]", "<NA>"],
  ["proc.env[MISSING]", "<NA>"],
  ["toupper(proc.env[WHO])", "OWN WORDS"],
  ["proc.aenv", "WHO=parent,WHO=grandparent ONLY=far"],
  ["proc.aenv[1]", "WHO=parent"],
  ["proc.aenv[2]", "WHO=grandparent ONLY=far"],
  ["proc.aenv[0]", "WHO=own words EMPTY="],
  ["proc.aenv[9]", "<NA>"],
  ["proc.aenv[WHO]", "parent"],
  ["proc.aenv[ONLY]", "far"],
];
for (const [field, expected] of shown)
  test(`%${field} is ${JSON.stringify(expected)}`, () => assert.equal(shownFor(family, field), expected));

const conditions: readonly [condition: string, holds: boolean][] = [
  ['proc.env icontains "who=OWN"', true],
  ['proc.env contains "WHO=parent"', false],
  ["proc.env[EMPTY] exists", true],
  ["proc.env[MISSING] exists", false],
  ['proc.aenv contains "ONLY=far"', true],
  ['proc.aenv[1] contains "ONLY=far"', false],
  ["proc.aenv[ONLY] = far", true],
];
for (const [condition, holds] of conditions)
  test(`${condition}: ${holds}`, () => assert.equal(shownFor(family, "proc.pid", condition) !== undefined, holds));

test("an environment that was not read is missing, and a child that has executed nothing has its parent's", () => {
  assert.equal(shownFor([execWith(12, 1, undefined)], "proc.env"), "<NA>");
  const { process: own, comm, cgroupId, timeMs, uid, gid } = exec(13, 12, ["/bin/x"]);
  const fork = {
    type: "fork",
    process: own,
    comm,
    cgroupId,
    timeMs,
    uid,
    gid,
    parent: { pid: 12, startMs: 12 },
  } as const;
  const made = compiled([rule("r", 'evt.type = openat and proc.env contains "WHO=own"')]);
  const { detector, told } = engineOf(made);
  const opened = { ...file(13, "open", "/srv/x"), call: "openat" };
  detector.take([...family, fork, opened], () => inShop);
  assert.equal(told.length, 1);
});

test("secrets are shown in no way of asking, other values are", () => {
  const environment = ["DB_PASSWORD=hunter2 and more", "HTTP_PROXY=http://u:hunter2@proxy:1/", "LANG=C"];
  const events = [execWith(10, 1, environment), execWith(12, 10, environment)];
  const fields = [
    "proc.env",
    "proc.env[DB_PASSWORD]",
    "proc.env[HTTP_PROXY]",
    "tolower(proc.env)",
    "toupper(proc.env[DB_PASSWORD])",
    "basename(proc.env[DB_PASSWORD])",
    "proc.aenv",
    "proc.aenv[1]",
    "proc.aenv[DB_PASSWORD]",
    "tolower(proc.aenv[DB_PASSWORD])",
  ];
  for (const field of fields) {
    const text = shownFor(events, field) ?? "";
    assert.match(text, /‹redacted:/, field);
    assert.doesNotMatch(text, /hunter2|and more/i, field);
  }
  assert.match(shownFor(events, "proc.env") ?? "", /LANG=C$/);
  assert.match(shownFor(events, "proc.env[HTTP_PROXY]") ?? "", /^http:\/\/u:‹redacted:[a-z-]+›@proxy:1\/$/);
});

test("what a rule fired on says nothing of the environment beyond its output", () => {
  const made = compiled([rule("r", "evt.type = execve and proc.env[DB_PASSWORD] = hunter2")]);
  const { detector, told } = engineOf(made);
  detector.take([execWith(12, 1, ["DB_PASSWORD=hunter2"])], () => inShop);
  assert.equal(told.length, 1);
  const { rule: _rule, ...rest } = told[0] ?? assert.fail("it fired");
  assert.ok(!JSON.stringify(rest).includes("hunter2"));
});

test("where a workload's arguments are not kept, its environment is not either", () => {
  const made = compiled([
    rule("r", 'evt.type = execve and proc.env contains "WHO="', { output: "%proc.env %proc.env[WHO]" }),
  ]);
  const { detector, told } = engineOf(made);
  detector.take([execWith(12, 1, ["WHO=me"])], () => inShop);
  assert.equal(told[0]?.output, "WHO=me me");
  assert.equal(told[0]?.withoutArguments?.output, `${argumentsNotKept} ${argumentsNotKept}`);
  assert.doesNotMatch(JSON.stringify(told[0]?.withoutArguments), /WHO=|\bme\b/);
});

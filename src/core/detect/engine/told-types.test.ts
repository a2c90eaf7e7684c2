import assert from "node:assert/strict";
import { test } from "node:test";
import { compiled, engineOf, exec, inShop, rule } from "../rules.fixture.ts";

const fork = {
  type: "fork",
  timeMs: 1_795_000_000_000,
  process: { pid: 11, startMs: 11 },
  parent: { pid: 10, startMs: 10 },
  comm: "sh",
  cgroupId: 7,
  uid: 0,
  gid: 0,
} as const;

/** Which of these conditions fire on an execution and a fork. */
function fired(...conditions: readonly string[]): readonly string[] {
  const { detector, told } = engineOf(compiled(conditions.map((condition) => rule(condition, condition))));
  detector.take([exec(10, 1, ["/bin/sh"]), fork], () => inShop);
  return told.map((detection) => detection.rule).toSorted();
}

test("a rule that asks for another spelling of a call is judged by the name that arrives", () => {
  const asked = ["evt.type = execveat", "evt.type = fork", "evt.type in (vfork, clone3)", "syscall.type = execveat"];
  assert.deepEqual(fired(...asked), asked.toSorted());
  assert.deepEqual(fired("evt.type = dup3", "evt.type = sendmsg"), []);
});

test("what a rule takes out stays as it says: no other spelling is taken out with it", () => {
  assert.deepEqual(fired("evt.type in (execve, execveat) and not evt.type = execveat"), [
    "evt.type in (execve, execveat) and not evt.type = execveat",
  ]);
});

test("a rule on the begin of calls is blind, one on their end is not", () => {
  const { detector } = engineOf(
    compiled([
      rule("begin", "evt.type = execve and evt.dir = >"),
      rule("end", "evt.type = execve and evt.dir = <"),
      rule("either", "evt.type = execve and (evt.dir = > or proc.name = x)"),
    ]),
  );
  const [begin, end, either] = detector.rules();
  assert.deepEqual([begin?.sight, end?.sight, either?.sight], ["blind", "sees", "partly-blind"]);
  assert.match(begin?.sightBecause ?? "", /begins of calls/);
});

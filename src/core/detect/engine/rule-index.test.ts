// What the index remembers of a path must not hide what else an event says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compiled, engineOf, exec, file, inShop, rule } from "../rules.fixture.ts";

test("a path that is remembered is judged anew when it was asked for otherwise, and as before when it was not", () => {
  const { detector, told } = engineOf(
    compiled([rule("climbs", "evt.type = openat and fd.name startswith /etc/ and fd.nameraw contains '../'")]),
  );
  const plain = file(10, "open", "/etc/shadow");
  const climbing = { ...plain, requestedPath: "../../etc/shadow" };
  detector.take([exec(10, 1, ["/bin/cat"]), plain, plain, plain], () => inShop);
  assert.equal(told.length, 0);
  detector.take([climbing, plain, climbing, plain, climbing], () => inShop);
  assert.equal(told.length, 3);
});

test("a rule looks at a path by its tree and otherwise: both hold on new and on remembered paths", () => {
  const { detector, told } = engineOf(
    compiled([
      rule("tree", "evt.type = openat and fd.name startswith /etc/"),
      rule("end", "evt.type = openat and fd.name endswith .pem"),
      rule("neither", "evt.type = openat and not fd.name startswith /etc/ and not fd.name endswith .pem"),
    ]),
  );
  const paths = ["/etc/a.pem", "/etc/a", "/tmp/a.pem", "/tmp/a"];
  for (let round = 0; round < 3; round += 1) {
    told.length = 0;
    detector.take(
      paths.map((path) => file(10, "open", path)),
      () => inShop,
    );
    assert.deepEqual(told.map((one) => one.rule).toSorted(), ["end", "end", "neither", "tree", "tree"]);
  }
});

test("an event that no rule can fire on never asks whose it is", () => {
  const { detector, told } = engineOf(
    compiled([rule("shadow", "evt.type = openat and fd.name = /etc/shadow and container.id != host")]),
  );
  let asked = 0;
  const subjectOf = () => {
    asked += 1;
    return inShop;
  };
  detector.take([file(10, "open", "/tmp/x"), file(10, "open", "/tmp/x"), file(11, "open", "/tmp/y")], subjectOf);
  assert.deepEqual([asked, detector.stats().processesUnknown], [0, 0]);
  detector.take([file(10, "open", "/etc/shadow")], subjectOf);
  assert.deepEqual([asked, detector.stats().processesUnknown, told.length], [1, 1, 1]);
});

test("a path that is remembered is judged anew when it lies in a folder of the host", () => {
  const { detector, told } = engineOf(
    compiled([rule("host", "evt.type = openat and garrison.host_path startswith /etc/")]),
  );
  const plain = file(10, "open", "/data/shadow");
  const onHost = { ...plain, hostPath: "/etc/shadow" };
  detector.take([plain, plain, plain, onHost, plain, onHost, plain, onHost], () => inShop);
  assert.equal(told.length, 3);
});

test("files of the image and files that were written since are two kinds", () => {
  const { detector, told } = engineOf(
    compiled([
      rule("upper", "evt.type = fchmodat and fd.is_upper_layer = true"),
      rule("lower", "evt.type = fchmodat and fd.is_upper_layer = false"),
    ]),
  );
  const lower = file(10, "chmod", "/tmp/x");
  const upper = { ...lower, isUpper: true };
  detector.take([lower, upper, lower, upper], () => inShop);
  assert.deepEqual(
    told.map((one) => one.rule),
    ["lower", "upper", "lower", "upper"],
  );
});

test("a program's name is remembered for all processes that bear it, and hides nothing else about them", () => {
  const { detector, told } = engineOf(
    compiled([
      rule("fetches", "evt.type = execve and proc.name in (curl, wget) and proc.args contains -o"),
      rule("no shell", "evt.type = execve and not proc.name = sh and not proc.args contains -o"),
      rule("either", "evt.type in (execve, openat) and (proc.name = sh or proc.args contains secret)"),
    ]),
  );
  const runs = [
    exec(10, 1, ["/usr/bin/curl", "-o", "x"]),
    exec(11, 1, ["/usr/bin/curl", "x"]),
    exec(12, 1, ["/bin/sh", "-o"]),
    exec(13, 1, ["/usr/bin/curl", "secret"]),
  ];
  for (let round = 0; round < 3; round += 1) {
    told.length = 0;
    detector.take(runs, () => inShop);
    assert.deepEqual(
      told.map((one) => one.rule),
      ["fetches", "no shell", "either", "either", "no shell"],
    );
  }
});

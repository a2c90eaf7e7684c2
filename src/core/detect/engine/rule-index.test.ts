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

// Ports that policies ask for, on the workloads that they are for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WafPolicy } from "../../../model/waf-policy.ts";
import { choosePorts } from "./choose-ports.ts";

const local = (id: string, labels: Record<string, string> = {}) => ({
  id,
  label: `shop/${id}`,
  workload: { namespace: "shop", workload: id, services: [id], labels },
});
const policy = (name: string, spec: object) => ({ scope: "global", name, spec: WafPolicy.parse(spec) });

test("ports come from the policies that are for a workload", () => {
  const cases: readonly (readonly [string, readonly object[], unknown])[] = [
    ["none without ports", [{}], []],
    ["off", [{ ports: [8080], mode: "off" }], []],
    ["all", [{ ports: [9090, 8080] }], ["a 8080 open, 9090 open", "b 8080 open, 9090 open"]],
    ["one", [{ ports: [8080], target: { workload: "a" } }], ["a 8080 open"]],
    ["labels", [{ ports: [8080], target: { selector: "tier == 'web'" } }], ["b 8080 open"]],
    ["a service's port", [{ ports: [8080, 9090], target: { service: "a:8080" } }], ["a 8080 open"]],
    ["another namespace", [{ ports: [8080], target: { namespace: "bank" } }], []],
    [
      "closed wins",
      [
        { ports: [8080], onGatewayDown: "closed" },
        { ports: [8080, 80], onGatewayDown: "open" },
      ],
      ["a 80 open, 8080 closed", "b 80 open, 8080 closed"],
    ],
  ];
  for (const [name, specs, expected] of cases) {
    const policies = specs.map((spec, index) => policy(`p${index}`, spec));
    const { chosen, problems } = choosePorts(policies, [local("a"), local("b", { tier: "web" })]);
    const texts = chosen.map(
      ({ id, ports }) => `${id} ${ports.map(({ port, onDown }) => `${port} ${onDown}`).join(", ")}`,
    );
    assert.deepEqual(texts, expected, name);
    assert.deepEqual(problems, [], name);
  }
});

test("a selector that cannot be read selects nobody and is told, and so are more ports than there may be", () => {
  const bad = choosePorts([policy("bad", { ports: [80], target: { selector: "tier ==" } })], [local("a")]);
  assert.deepEqual([bad.chosen, bad.problems.map(({ code, name }) => [code, name])], [[], [["waf/bad-target", "bad"]]]);
  const ports = (from: number) => Array.from({ length: 40 }, (_, index) => from + index);
  const many = choosePorts([policy("x", { ports: ports(1) }), policy("y", { ports: ports(100) })], [local("a")]);
  assert.equal(many.chosen[0]?.ports.length, 64);
  assert.equal(many.problems.length, 16);
});

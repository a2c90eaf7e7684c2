import assert from "node:assert/strict";
import { test } from "node:test";
import { createPolicyEngine } from "../evaluate/create-engine.ts";
import { adminCases, type AdminCase } from "./admin-cases.ts";
import { parseAll, told } from "./test-parse.ts";
import { protocolNumbers } from "./words.ts";

/** The pods and namespaces of a case, as manifests. */
function worldOf({ namespaces, pods, ports, protocols }: AdminCase): readonly object[] {
  return namespaces.flatMap((namespace, first) => [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: { ns: namespace } } },
    ...pods.map((pod, second) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: pod, namespace, labels: { pod } },
      spec: {
        containers: ports.flatMap((containerPort) =>
          protocols.map((protocol) => ({
            ports: [{ name: `serve-${containerPort}-${protocol.toLowerCase()}`, containerPort, protocol }],
          })),
        ),
      },
      status: { podIP: `10.0.${first}.${second + 1}` },
    })),
  ]);
}

function flowsOf({ namespaces, pods, ports, protocols }: AdminCase) {
  const names = namespaces.flatMap((namespace) => pods.map((pod) => `${namespace}/${pod}`));
  return names.flatMap((from) =>
    names
      .filter((to) => to !== from)
      .flatMap((to) => ports.flatMap((port) => protocols.map((protocol) => ({ from, to, port, protocol })))),
  );
}

test("admin policies, the baseline and NetworkPolicies decide together as policy-assistant says", () => {
  for (const each of adminCases) {
    const parsed = parseAll(...each.manifests, ...worldOf(each));
    assert.deepEqual(told(parsed), [], each.title);
    const engine = createPolicyEngine({ set: parsed.set, world: parsed.world });
    for (const { from, to, port, protocol } of flowsOf(each)) {
      const label = `${from} ${to} ${port}/${protocol}`;
      const end = (name: string) => ({ endpoint: `pod/${name}`, address: "" });
      const verdict = engine.evaluate({
        source: end(from),
        destination: end(to),
        protocol: protocolNumbers[protocol],
        sourcePort: 40_000,
        destinationPort: port,
      });
      for (const direction of ["ingress", "egress"] as const) {
        const except = direction === "ingress" ? each.exceptIngress : each.exceptEgress;
        const other = each[direction] === "allow" ? "deny" : "allow";
        const expected = except?.includes(label) === true ? other : each[direction];
        const found = verdict[direction].verdict;
        assert.equal(found, expected, `${each.title}: ${direction} of ${label}`);
      }
    }
  }
});

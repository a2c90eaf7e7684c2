// All truth tables through the compiled rules, run by the interpreter: what the kernel is told is what the evaluator says.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { gunzipSync } from "node:zlib";
import { skipUnless } from "../../../../test/support/skip.ts";
import { createPolicyEngine } from "../evaluate/create-engine.ts";
import { parseManifests } from "../parse/parse-policies.ts";
import type { World } from "../world.ts";
import { createNftCompiler } from "./create-compiler.ts";
import { createSimulator } from "./nft/simulate.ts";
import { settingsFor } from "./test-settings.ts";

const file = path.resolve(import.meta.dirname, "../../../../../shared/cases/policy/reachability-truth-tables.json.gz");

interface Step {
  readonly namespaces: Record<string, Record<string, string>>;
  readonly pods: readonly {
    readonly ns: string;
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly ip: string;
    readonly containers: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
  }[];
  readonly policies: readonly unknown[];
  readonly probes: readonly {
    readonly from: string;
    readonly to: string;
    readonly port: number;
    readonly protocol: string;
    readonly ingress: boolean;
    readonly egress: boolean;
    readonly allowed: boolean;
  }[];
}

const numbers: Readonly<Record<string, number>> = { TCP: 6, UDP: 17, SCTP: 132 };

test("all truth tables agree with the compiled rules", (context) => {
  if (!skipUnless(context, existsSync(file), "shared/cases/policy")) return;
  const cases = JSON.parse(gunzipSync(readFileSync(file)).toString()) as readonly {
    readonly description: string;
    readonly steps: readonly Step[];
  }[];
  let agreed = 0;
  const wrong: string[] = [];
  for (const { description, steps } of cases) {
    for (const step of steps) {
      const world = worldOf(step);
      const engine = createPolicyEngine({ set: parseManifests(manifestsOf(step)).set, world });
      const { ruleset, problems } = createNftCompiler().compile(engine, settingsFor(world));
      assert.deepEqual(problems, []);
      const simulator = createSimulator(ruleset);
      const places = new Map(step.pods.map((pod, index) => [`${pod.ns}/${pod.name}`, { pod, index }]));
      for (const probe of step.probes) {
        const from = places.get(probe.from);
        const to = places.get(probe.to);
        assert.ok(from !== undefined && to !== undefined);
        const { droppedIn, verdict } = simulator.run({
          way: "forward",
          inInterface: `pod${from.index}`,
          outInterface: `pod${to.index}`,
          source: from.pod.ip,
          destination: to.pod.ip,
          protocol: numbers[probe.protocol] ?? 0,
          sourcePort: 40_000,
          destinationPort: probe.port,
        });
        const isEgress = droppedIn !== "gr_forward_from";
        const isRight =
          (verdict === "accept") === probe.allowed &&
          isEgress === probe.egress &&
          (!isEgress || (verdict === "accept") === probe.ingress);
        if (isRight) agreed += 1;
        else wrong.push(`${description}: ${JSON.stringify(probe)} got ${verdict} ${droppedIn}`);
      }
    }
  }
  assert.deepEqual(wrong.slice(0, 3), []);
  assert.equal(agreed, 90_135);
});

function worldOf(step: Step): World {
  return {
    namespaces: Object.entries(step.namespaces).map(([name, labels]) => ({ name, labels })),
    serviceAccounts: [],
    endpoints: step.pods.map((pod, index) => ({
      id: `pod/${pod.ns}/${pod.name}`,
      kind: "workload",
      namespace: pod.ns,
      name: pod.name,
      labels: pod.labels,
      serviceAccount: "default",
      addresses: [pod.ip],
      ports: pod.containers.map(({ name, port, protocol }) => ({ name, port, protocol: numbers[protocol] ?? 0 })),
      node: "here",
      workload: "",
      interfaceName: `pod${index}`,
    })),
    services: [],
    ranges: [],
    incomplete: "",
  };
}

function manifestsOf(step: Step) {
  const head = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" };
  return step.policies.map((policy, document) => ({
    manifest: { ...head, ...(policy as object) },
    place: { file: "", document, line: 1 },
  }));
}

// All truth tables through the compiled rules, run by the interpreter: what the kernel is told is what the tables expect.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { gunzipSync } from "node:zlib";
import { skipUnless } from "../../../../test/support/skip.ts";
import { engineOf, parseTruthTables, worldOf, type TruthStep } from "../verify/verify-cases.ts";
import { createNftCompiler } from "./create-compiler.ts";
import { createSimulator } from "./nft/simulate.ts";
import { settingsFor } from "./settings.fixture.ts";

const file = path.resolve(import.meta.dirname, "../../../../../shared/cases/policy/reachability-truth-tables.json.gz");
const numbers = { TCP: 6, UDP: 17, SCTP: 132 } as const;

test("all truth tables agree with the compiled rules", (context) => {
  if (!skipUnless(context, existsSync(file), "../shared/cases/policy")) return;
  const wrong: string[] = [];
  let agreed = 0;
  for (const { description, steps } of parseTruthTables(JSON.parse(gunzipSync(readFileSync(file)).toString()))) {
    for (const step of steps) {
      const found = disagreements(step);
      agreed += step.probes.length - found.length;
      wrong.push(...found.map((text) => `${description}: ${text}`));
    }
  }
  assert.deepEqual(wrong.slice(0, 3), []);
  assert.equal(agreed, 90_135);
});

function disagreements(step: TruthStep): readonly string[] {
  const places = new Map(step.pods.map((pod, index) => [`${pod.ns}/${pod.name}`, { ip: pod.ip, link: `pod${index}` }]));
  const local = [...places].map(([name, { link }]) => ({ endpoint: `pod/${name}`, interfaceName: link }));
  const { ruleset, problems } = createNftCompiler().compile(engineOf(step), { ...settingsFor(worldOf(step)), local });
  assert.deepEqual(problems, []);
  const simulator = createSimulator(ruleset);
  return step.probes.flatMap((probe) => {
    const from = places.get(probe.from);
    const to = places.get(probe.to);
    assert.ok(from !== undefined && to !== undefined);
    const { droppedIn } = simulator.run({
      way: "forward",
      inInterface: from.link,
      outInterface: to.link,
      source: from.ip,
      destination: to.ip,
      protocol: numbers[probe.protocol],
      sourcePort: 40_000,
      destinationPort: probe.port,
    });
    const isSent = droppedIn !== "gr_forward_from";
    const isRight =
      (droppedIn === "") === probe.allowed &&
      isSent === probe.egress &&
      (!isSent || (droppedIn === "") === probe.ingress);
    return isRight ? [] : [`${JSON.stringify(probe)} was dropped in "${droppedIn}"`];
  });
}

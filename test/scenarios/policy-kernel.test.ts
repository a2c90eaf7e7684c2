// One case file, three ways: the evaluator, a real kernel with the compiled rules and real sockets, and the rules as text (golden files, and nft itself).
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { printRuleset } from "../../src/core/policy/compile/nft/print.ts";
import { tableName } from "../../src/core/policy/compile/settings.ts";
import { openNftables } from "../../src/edge/dataplane/nftables/open-nftables.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { engineOf, type TruthStep } from "../../src/core/policy/verify/verify-cases.ts";
import { createNamespace, mayMakeNamespaces, runInNetns } from "../support/netns/namespace.ts";
import type { Probe } from "../support/netns/probes.ts";
import { skipUnless } from "../support/skip.ts";
import { openKernel, type Kernel } from "./policy-kernel/kernel.ts";
import { everything } from "./policy-kernel/everything.ts";
import { chosenSteps, rulesetOf } from "./policy-kernel/tables.ts";

const missingRoot = "root in a kernel with network namespaces and nf_tables";
const missingTables = "../shared/cases/policy (truth tables)";
const stepsAsked = 42;
const goldenSteps = 4;

test("the kernel with the compiled rules does what the truth tables and the evaluator say", async (context) => {
  if (!skipUnless(context, mayMakeNamespaces(), missingRoot)) return;
  const chosen = chosenSteps(stepsAsked);
  if (!skipUnless(context, chosen !== undefined, missingTables) || chosen === undefined) return;
  const kernels = new Map<string, Kernel>();
  const sums = { asked: 0, self: 0, sctp: 0, denied: 0 };
  try {
    for (const { name, step } of chosen) {
      const key = JSON.stringify(step.pods.map(({ ns, name: pod, ip }) => [ns, pod, ip]));
      const kernel = kernels.get(key) ?? (await kernelFor(step));
      kernels.set(key, kernel);
      const wrong = await askedStep(kernel, step, sums);
      assert.deepEqual(wrong.slice(0, 5), [], name);
    }
  } finally {
    for (const kernel of kernels.values()) await kernel.close();
  }
  assert.ok(sums.asked > 5000 && sums.denied > 500, JSON.stringify(sums));
  const words = `${chosen.length} steps, ${sums.asked} probes agreed (${sums.denied} of them denied)`;
  context.diagnostic(`${words}; left out: ${sums.self} self-probes, ${sums.sctp} of SCTP`);
});

async function kernelFor(step: TruthStep): Promise<Kernel> {
  return await openKernel({
    pods: step.pods.map(({ ns, name, ip }) => ({ name: `${ns}/${name}`, addresses: [ip] })),
    listeners: (star) =>
      step.pods.flatMap(({ ns, name, containers }) =>
        containers.flatMap(({ port, protocol }) =>
          protocol === "SCTP"
            ? []
            : [
                {
                  in: star.pod(`${ns}/${name}`),
                  address: "0.0.0.0",
                  port,
                  protocol: protocol === "TCP" ? ("tcp" as const) : ("udp" as const),
                },
              ],
        ),
      ),
  });
}

interface Sums {
  asked: number;
  self: number;
  sctp: number;
  denied: number;
}

async function askedStep(kernel: Kernel, step: TruthStep, sums: Sums): Promise<readonly string[]> {
  kernel.enforce(rulesetOf(step, (pod) => kernel.star.linkOf(pod)));
  const engine = engineOf(step);
  const addresses = new Map(step.pods.map(({ ns, name, ip }) => [`${ns}/${name}`, ip]));
  const self = step.probes.filter(({ from, to }) => from === to);
  const sctp = step.probes.filter(({ from, to, protocol }) => from !== to && protocol === "SCTP");
  const asked = step.probes.filter(({ from, to, protocol }) => from !== to && protocol !== "SCTP");
  const probes = asked.map(({ from, to, port, protocol }): Probe => ({
    from: kernel.star.pod(from),
    to: addresses.get(to) ?? "",
    port,
    protocol: protocol === "TCP" ? "tcp" : "udp",
  }));
  const outcomes = await kernel.outcomes(probes, (index) => asked[index]?.allowed === true);
  sums.asked += asked.length;
  sums.self += self.length;
  sums.sctp += sctp.length;
  sums.denied += asked.filter(({ allowed }) => !allowed).length;
  return asked.flatMap((probe, index) => {
    const { verdict } = engine.evaluate({
      source: { endpoint: `pod/${probe.from}`, address: "" },
      destination: { endpoint: `pod/${probe.to}`, address: "" },
      protocol: probe.protocol === "TCP" ? 6 : 17,
      sourcePort: 0,
      destinationPort: probe.port,
    });
    const wanted = probe.allowed ? "open" : "timeout";
    const isRight = outcomes[index] === wanted && verdict === (probe.allowed ? "allow" : "deny");
    return isRight ? [] : [`${JSON.stringify(probe)}: kernel ${outcomes[index] ?? ""}, evaluator ${verdict}`];
  });
}

test("the printed rules are the golden files", (context) => {
  const texts = goldenTexts(context);
  for (const [name, text] of texts) {
    const file = path.join(import.meta.dirname, "policy-kernel/golden", `${name}.nft`);
    if (process.env["GARRISON_UPDATE_GOLDEN"] === "1") {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    assert.ok(existsSync(file), `${file} is missing; make it with GARRISON_UPDATE_GOLDEN=1`);
    assert.equal(text, readFileSync(file, "utf8"));
  }
});

test("nft loads what we print", async (context) => {
  if (!skipUnless(context, mayMakeNamespaces(), missingRoot)) return;
  const hasNft = spawnSync("nft", ["--version"]).status === 0;
  if (!skipUnless(context, hasNft, "the nft command (Debian package nftables)")) return;
  const namespace = createNamespace("nft");
  try {
    for (const [name, text] of goldenTexts(context)) {
      for (const argv of [
        ["nft", "-c", "-f", "-"],
        ["nft", "-f", "-"],
      ] as const) {
        const child = runInNetns(namespace, argv, { stdio: ["pipe", "ignore", "pipe"] });
        let errors = "";
        child.stderr?.on("data", (bytes: Buffer) => (errors += bytes.toString()));
        child.stdin?.end(text);
        const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
        assert.equal(code, 0, `${name}: ${errors}`);
      }
    }
  } finally {
    namespace.close();
  }
});

test("the kernel takes a ruleset with everything, and gives it back", (context) => {
  if (!skipUnless(context, mayMakeNamespaces(), missingRoot)) return;
  const namespace = createNamespace("everything");
  const clock = { nowMs: () => Date.now() };
  const plane = openNftables({ netns: namespace.path, table: tableName, clock, logger: silentLogger });
  try {
    const { ruleset, problems } = everything();
    assert.deepEqual(problems, []);
    plane.apply(ruleset);
    assert.deepEqual(plane.readBack(ruleset, { elements: true }).differences, []);
  } finally {
    plane.close();
    namespace.close();
  }
});

/** By the golden file's name. The truth tables' are left out, loudly, where the tables are not there. */
function goldenTexts(context: TestContext): ReadonlyMap<string, string> {
  const texts = new Map([["everything", printRuleset(everything().ruleset)]]);
  const chosen = chosenSteps(goldenSteps);
  if (chosen === undefined) context.diagnostic(`MISSING: ${missingTables}: their golden files are not looked at`);
  for (const { name, step } of chosen ?? []) {
    const links = new Map(step.pods.map(({ ns, name: pod }, index) => [`${ns}/${pod}`, `gp${index}`]));
    const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
    texts.set(slug.slice(0, 80), printRuleset(rulesetOf(step, (pod) => links.get(pod) ?? "")));
  }
  return texts;
}

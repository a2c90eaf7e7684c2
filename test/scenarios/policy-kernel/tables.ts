// The truth tables that a kernel is asked: chosen by the hash of their description, so that nobody chooses.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { createNftCompiler } from "../../../src/core/policy/compile/create-compiler.ts";
import type { NftRuleset } from "../../../src/core/policy/compile/nft/ruleset.ts";
import { settingsFor } from "../../../src/core/policy/compile/settings.fixture.ts";
import { engineOf, parseTruthTables, worldOf, type TruthStep } from "../../../src/core/policy/verify/verify-cases.ts";

export const tablesFile = path.resolve(
  import.meta.dirname,
  "../../../../shared/cases/policy/reachability-truth-tables.json.gz",
);

export interface ChosenStep {
  /** "<description> #<case>.<step>" */
  readonly name: string;
  readonly step: TruthStep;
}

/** The first `count` steps by the hash of their names; undefined when the file is not there. */
export function chosenSteps(count: number): readonly ChosenStep[] | undefined {
  if (!existsSync(tablesFile)) return undefined;
  const cases = parseTruthTables(JSON.parse(gunzipSync(readFileSync(tablesFile)).toString()));
  const steps = cases.flatMap(({ description, steps }, number) =>
    steps.map((step, index) => ({ name: `${description} #${number}.${index}`, step })),
  );
  const hashed = steps.map((each) => ({ each, hash: createHash("sha256").update(each.name).digest("hex") }));
  return hashed
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    .slice(0, count)
    .map(({ each }) => each);
}

/** `linkOf`: the router's interface to a pod, by "namespace/name". */
export function rulesetOf(step: TruthStep, linkOf: (pod: string) => string): NftRuleset {
  const local = step.pods.map(({ ns, name }) => ({
    endpoint: `pod/${ns}/${name}`,
    interfaceName: linkOf(`${ns}/${name}`),
  }));
  return createNftCompiler().compile(engineOf(step), { ...settingsFor(worldOf(step)), local }).ruleset;
}

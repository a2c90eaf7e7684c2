// garrison/detect: Falco's, Sigma's and Garrison's own rules over events, in one's own process. Read rules with `readRules`, run them with `createDetector` or `createFlatJudge`.
import { readRuleYaml } from "../../edge/manifests/read-yaml.ts";
import { compileRules } from "../../core/detect/compile-rules.ts";
import type { CompileResult } from "../../core/detect/contract.ts";

export type * from "../../core/detect/contract.ts";
export { createDetector } from "../../core/detect/create-detector.ts";
export { createFlatJudge } from "../../core/detect/flat/judge-flat.ts";
export { auditSupply, everySupply, fullSensorSupply, supplyOfSensor } from "../../core/detect/supply.ts";

/** Texts of rule files, in their order, by the names that problems shall say. Never throws for what stands in them. */
export function readRules(files: readonly { readonly name: string; readonly text: string }[]): CompileResult {
  return compileRules(files.map(({ name, text }) => ({ name, documents: readRuleYaml(text) })));
}

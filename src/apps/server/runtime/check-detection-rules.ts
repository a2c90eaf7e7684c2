// DetectionRules at the server's door: every error with its line, before a node sees them. What only a node can know (rules, macros and lists of its own folder) is left to it.
import { Fault } from "../../../base/fault.ts";
import { builtinRuleFiles } from "../../../core/detect/builtin/builtin-rules.ts";
import { resourceFileName, resourceRuleFile } from "../../../core/detect/builtin/resource-file.ts";
import { compileRules } from "../../../core/detect/compile-rules.ts";
import type { RuleProblem } from "../../../core/detect/contract.ts";
import { readRuleYaml } from "../../../edge/manifests/read-yaml.ts";
import { DetectionRules } from "../../../model/detection-rules.ts";
import type { ResourceManifest } from "../../../model/resource.ts";
import { auditDetectLimits } from "./limits.ts";

/** An item of these codes may stand on what a node's own folder brings: the node's status says whether it does. */
const onlyNodesKnow: ReadonlySet<string> = new Set([
  "detect/nothing-to-override",
  "detect/unknown-macro",
  "detect/unknown-list",
]);

/** Throws Fault "runtime/detection-rules" that names the first few errors by line. A spec that does not parse is the store's to refuse. */
export function checkDetectionRules(manifest: ResourceManifest): void {
  const spec = DetectionRules.safeParse(manifest.spec);
  if (!spec.success || !spec.data.enabled) return;
  const name = resourceFileName(manifest);
  const { file, problems } = resourceRuleFile(name, spec.data, readRuleYaml);
  const compiled = compileRules([...builtinRuleFiles, file]);
  const errors = [...problems, ...compiled.problems].filter(
    (problem) => problem.file === name && problem.severity === "error" && !onlyNodesKnow.has(problem.code),
  );
  const [first] = errors;
  if (first === undefined) return;
  const named = errors.slice(0, auditDetectLimits.problemsNamedMax).map(textOf);
  const more = errors.length - named.length;
  throw new Fault(`the rules are refused: ${named.join("; ")}${more > 0 ? `; and ${more} more` : ""}`, {
    code: "runtime/detection-rules",
    kind: "usage",
    where: `spec.text line ${first.line}`,
    hint: "`garrison detect lint FILE` says the same of a file, before it is applied",
  });
}

function textOf({ line, item, message, hint }: RuleProblem): string {
  return `line ${line}: ${item === "" ? "" : `${item}: `}${message}${hint === "" ? "" : ` (${hint})`}`;
}

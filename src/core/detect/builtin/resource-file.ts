// A DetectionRules resource as a file of rules: what each of its documents is, and whether that is what the resource says it is.
import type { DetectionFormat, DetectionRules } from "../../../model/detection-rules.ts";
import type { RuleDocument, RuleFile, RuleFormat, RuleProblem } from "../contract.ts";

export interface ResourceFile {
  readonly file: RuleFile;
  readonly problems: readonly RuleProblem[];
}

/** "DetectionRules/shop", with its scope where that is not global. */
export function resourceFileName({ name, scope }: { readonly name: string; readonly scope: string }): string {
  return scope === "global" ? `DetectionRules/${name}` : `DetectionRules/${name} (${scope})`;
}

/** Documents of another form than the resource's `format` are left out, each with a problem. `readYaml` never throws. */
export function resourceRuleFile(
  name: string,
  spec: DetectionRules,
  readYaml: (text: string) => readonly RuleDocument[],
): ResourceFile {
  const problems: RuleProblem[] = [];
  const documents = readYaml(spec.text).filter((document) => {
    const format = formatOf(document.value);
    if (spec.format === "auto" || format === undefined || format === spec.format) return true;
    problems.push(notThat(name, document.line, format, spec.format));
    return false;
  });
  return { file: { name, documents }, problems };
}

/** A list is Falco's, a mapping of kind GarrisonRule ours, one with `detection` Sigma's. */
function formatOf(value: unknown): RuleFormat | undefined {
  if (Array.isArray(value)) return "falco";
  if (typeof value !== "object" || value === null) return undefined;
  if ("kind" in value && value.kind === "GarrisonRule") return "garrison";
  return "detection" in value ? "sigma" : undefined;
}

function notThat(file: string, line: number, is: RuleFormat, said: DetectionFormat): RuleProblem {
  return {
    severity: "error",
    code: "detect/other-format",
    file,
    line,
    item: "",
    message: `the document is ${is}, and the resource says format ${said}`,
    hint: 'set format to "auto", or put the document into a resource of its own',
  };
}

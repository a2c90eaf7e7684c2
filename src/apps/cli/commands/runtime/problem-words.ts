// What cannot be enforced of the runtime policies in a file, as lines with file and line: for `runtime plan`, and for `apply`, which else would take it in silence.
import type { RuntimeProblem } from "../../../../core/runtime-policy/model.ts";
import { parseRuntimeSpec, parseRuntimeText } from "../../../../core/runtime-policy/parse/parse-policy.ts";
import { readYaml } from "../../../../edge/manifests/read-yaml.ts";

export function problemWords({ severity, where, path, message, hint }: RuntimeProblem): string {
  return `${severity}: ${[where, path].filter(Boolean).join(" ")}: ${message}${hint === "" ? "" : `\n  ${hint}`}`;
}

export function isError({ severity }: Pick<RuntimeProblem, "severity">): boolean {
  return severity === "error";
}

/** Of a file's text; documents that are no runtime policies are passed over. */
export function problemsOfText(file: string, text: string): readonly RuntimeProblem[] {
  return parseRuntimeText(file, text, readYaml).flatMap(({ problems }) =>
    problems.filter(({ code }) => !code.endsWith("unknown-kind")),
  );
}

/** Of one resource whose own lines are not known: `where` is its document's. */
export function problemsOfSpec(name: string, spec: unknown, where: string): readonly RuntimeProblem[] {
  return parseRuntimeSpec(name, spec).problems.map((problem) => ({ ...problem, where }));
}

// A Sigma rule of a Linux log source -> a rule in Falco's form. What cannot be converted is refused with the reason; what is converted is judged like any other.
import { Fault } from "../../../base/fault.ts";
import type { Priority, RuleDocument, RuleFile } from "../contract.ts";
import type { ConditionNode } from "../falco/ast.ts";
import type { RuleItem } from "../falco/items.ts";
import { parseCondition } from "../falco/parse-condition.ts";
import { addFault, addProblem, type Problems } from "../problems.ts";
import { isMapping, textOf, textsOf, type Mapping } from "../read-value.ts";
import { joined, parseSigmaCondition } from "./condition.ts";
import { searchTree } from "./search.ts";
import { sigmaSource, sigmaSourceNames, type SigmaSource } from "./sources.ts";

const priorityOfLevel: Readonly<Record<string, Priority>> = {
  critical: "critical",
  high: "error",
  medium: "warning",
  low: "notice",
  informational: "informational",
};

/** Undefined: refused, and a problem says why. */
export function readSigma(file: RuleFile, document: RuleDocument, problems: Problems): RuleItem | undefined {
  const value = document.value as Mapping;
  const name = textOf(value["title"]) ?? "";
  const place = { file: file.name, line: document.line, item: name };
  if (name === "") {
    addProblem(problems, place, { severity: "error", code: "detect/bad-sigma", message: "a Sigma rule needs a title" });
    return undefined;
  }
  try {
    const source = sourceOf(value["logsource"]);
    const tree = joined("and", [parseCondition(source.base), detectionTree(value["detection"], source)]);
    const notes = textsOf(value["falsepositives"]) ?? [];
    return {
      name,
      place,
      format: "sigma",
      condition: "",
      tree,
      output: `${name.replaceAll("%", " ")} | ${source.output}`,
      description: [
        textOf(value["description"]) ?? "",
        ...(notes.length > 0 ? [`False positives: ${notes.join("; ")}.`] : []),
      ]
        .join(" ")
        .trim(),
      priority: priorityOfLevel[textOf(value["level"]) ?? "medium"] ?? "warning",
      source: "syscall",
      isEnabled: textOf(value["status"]) !== "deprecated" && textOf(value["status"]) !== "unsupported",
      tags: [
        ...(textsOf(value["tags"]) ?? []),
        ...(textOf(value["id"]) === undefined ? [] : [`sigma.${textOf(value["id"])}`]),
      ],
      exceptions: [],
      skipsUnknown: false,
    };
  } catch (thrown) {
    addFault(problems, place, thrown);
    return undefined;
  }
}

function sourceOf(value: unknown): SigmaSource {
  const logsource = isMapping(value) ? value : {};
  const product = textOf(logsource["product"]) ?? "linux";
  const category = textOf(logsource["category"]) ?? "";
  const service = textOf(logsource["service"]) ?? "";
  const source = product === "linux" ? sigmaSource({ category, service }) : undefined;
  if (source !== undefined) return source;
  throw new Fault(
    `the log source ${[product, category, service].filter((part) => part !== "").join("/")} has no events here`,
    {
      code: "detect/bad-sigma",
      kind: "usage",
      hint: `known are linux: ${sigmaSourceNames.join(", ")}`,
    },
  );
}

function detectionTree(value: unknown, source: SigmaSource): ConditionNode {
  if (!isMapping(value)) throw new Fault("`detection` must be a mapping", { code: "detect/bad-sigma", kind: "usage" });
  const searches = new Map<string, ConditionNode>();
  for (const [name, search] of Object.entries(value)) {
    if (name !== "condition" && name !== "timeframe") searches.set(name, searchTree(search, source));
  }
  const conditions = Array.isArray(value["condition"]) ? value["condition"] : [value["condition"]];
  const trees = conditions.map((condition) => {
    const text = textOf(condition);
    if (text === undefined)
      throw new Fault("`detection` needs a condition", { code: "detect/bad-sigma", kind: "usage" });
    return parseSigmaCondition(text, searches);
  });
  return joined("or", trees);
}

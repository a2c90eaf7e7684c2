// Rule files of all formats -> rules that the engine runs, with what is wrong in them. A broken rule, macro or list is refused alone.
import type { CompileResult, RuleDocument, RuleFile, RuleSummary } from "./contract.ts";
import { checksOf, typesOf } from "./engine/approximate.ts";
import { nodesOf, RuleSet, type Program, type RuleProgram } from "./engine/program.ts";
import { newInterner, resolve, type Interner } from "./engine/resolve.ts";
import { withExceptions } from "./falco/exceptions.ts";
import { createExpander, type Expander } from "./falco/expand.ts";
import { newLibrary, type Library, type RuleItem } from "./falco/items.ts";
import { parseCondition } from "./falco/parse-condition.ts";
import { printCondition } from "./falco/print-condition.ts";
import { readFalcoDocument } from "./falco/read-falco.ts";
import { argumentNames } from "./fields/arguments.ts";
import { addOurFaults, compileGarrison } from "./garrison/compile-garrison.ts";
import { readGarrison, type GarrisonItem } from "./garrison/read-garrison.ts";
import { parseTemplate } from "./output/template.ts";
import { priorityOfSeverity, severityOfPriority, techniquesOf } from "./priority.ts";
import { addProblem, didYouMean, newProblems, type Problems } from "./problems.ts";
import { isMapping } from "./read-value.ts";
import { addRuleFaults } from "./rule-faults.ts";
import { readSigma } from "./sigma/read-sigma.ts";
import { tagProblem } from "./tags.ts";

/** Compiles files in their order. Never throws for what stands in a file. */
export function compileRules(files: readonly RuleFile[]): CompileResult {
  const problems = newProblems();
  const library = newLibrary();
  const garrison = new Map<string, GarrisonItem>();
  for (const file of files)
    for (const document of file.documents) readDocument({ library, garrison, problems }, file, document);
  const compilation: Compilation = { library, problems, interner: newInterner(), expander: createExpander(library) };
  const programs: RuleProgram[] = [];
  for (const item of library.rules.values()) push(programs, compileItem(compilation, item));
  for (const item of garrison.values()) push(programs, compileOurs(compilation, item));
  for (const item of library.refused) addItemFaults(compilation, item);
  for (const item of [...library.rules.values(), ...library.refused, ...garrison.values()]) noteTags(compilation, item);
  return { rules: new RuleSet(programs, compilation.interner, unusedOf(compilation)), problems: problems.list };
}

export interface Compilation {
  readonly library: Library;
  readonly problems: Problems;
  readonly interner: Interner;
  readonly expander: Expander;
}

interface Reading {
  readonly library: Library;
  readonly garrison: Map<string, GarrisonItem>;
  readonly problems: Problems;
}

function push<T>(list: T[], item: T | undefined): void {
  if (item !== undefined) list.push(item);
}

function readDocument(reading: Reading, file: RuleFile, document: RuleDocument): void {
  const { library, garrison, problems } = reading;
  for (const { line, code, message } of document.errors)
    addProblem(
      problems,
      { file: file.name, line, item: "" },
      { severity: "error", code: `detect/${code}`, message, hint: "the document is not read" },
    );
  if (document.errors.length > 0) return;
  const { value } = document;
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) return readFalcoDocument({ library, problems }, file, document);
  if (isMapping(value) && "detection" in value) {
    const item = readSigma(file, document, problems);
    if (item !== undefined) library.rules.set(item.name, item);
    return;
  }
  if (isMapping(value) && ("kind" in value || "apiVersion" in value || "spec" in value)) {
    const item = readGarrison(file, document, problems);
    // A broken one does not take the place of a good one of its name.
    if (item !== undefined) garrison.set(item.isRefused ? `${item.name}\n${garrison.size}` : item.name, item);
    return;
  }
  const keys = isMapping(value) ? Object.keys(value).slice(0, 5).join(", ") : typeof value;
  addProblem(
    problems,
    { file: file.name, line: document.line, item: "" },
    {
      severity: "error",
      code: "detect/unknown-format",
      message: `the document (${keys}) is no list of Falco rules, no GarrisonRule and no Sigma rule`,
      hint: "a Falco file is a list: `- rule: ...`",
    },
  );
}

function compileItem(compilation: Compilation, item: RuleItem): RuleProgram | undefined {
  try {
    const tree = item.tree ?? parseCondition(item.condition);
    const expanded = compilation.expander.expand(withExceptions(tree, item.exceptions));
    const node = resolve(compilation.interner, expanded);
    const output = parseTemplate(item.output);
    const program: Program = { kind: "condition", node };
    return {
      summary: summaryOf({ item, program, condition: printCondition(expanded), output: item.output }),
      program,
      output,
    };
  } catch (thrown) {
    if (item.skipsUnknown && isUnknownField(thrown)) return undefined;
    addItemFaults(compilation, item, thrown);
    return undefined;
  } finally {
    noteArguments(compilation, item);
  }
}

/** A condition that is missing, or was wrong as a value, has been told. */
function addItemFaults(compilation: Compilation, item: RuleItem, first?: unknown): void {
  const { tree, condition, exceptions, output, place } = item;
  const conditions = tree === undefined && condition === "" ? [] : [tree ?? condition];
  addRuleFaults(compilation, place, { texts: { conditions, exceptions, output }, first });
}

function compileOurs(compilation: Compilation, item: GarrisonItem): RuleProgram | undefined {
  if (item.isRefused) {
    addOurFaults(compilation, item);
    return undefined;
  }
  const made = compileGarrison(compilation, item);
  if (made === undefined) return undefined;
  const { program, condition, output } = made;
  const priority = item.priority ?? priorityOfSeverity(item.severity ?? "medium");
  const parts = { ...item, priority, format: "garrison" } as const;
  return { summary: summaryOf({ item: parts, program, condition, output: output.text }), program, output };
}

function summaryOf({
  item,
  program,
  condition,
  output,
}: {
  readonly item: Pick<
    RuleItem,
    "name" | "place" | "format" | "source" | "priority" | "description" | "tags" | "isEnabled"
  >;
  readonly program: Program;
  readonly condition: string;
  readonly output: string;
}): RuleSummary {
  const nodes = nodesOf(program);
  const checks = nodes.flatMap((node) => [...checksOf(node)]);
  const sets = nodes.map((node) => typesOf(node));
  const isEvery = item.source === "k8s_audit" || sets.some(({ isComplement }) => isComplement);
  return {
    name: item.name,
    file: item.place.file,
    line: item.place.line,
    format: item.format,
    kind: program.kind,
    source: item.source,
    priority: item.priority,
    severity: severityOfPriority(item.priority),
    description: item.description,
    tags: item.tags,
    techniques: techniquesOf(item.tags),
    isEnabled: item.isEnabled,
    eventTypes: isEvery ? [] : [...new Set(sets.flatMap(({ types }) => [...types]))].sort(),
    fields: [...new Set(checks.map(({ left }) => left.name))].sort(),
    condition,
    output,
  };
}

function isUnknownField(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && "code" in thrown && thrown.code === "detect/unknown-field";
}

/** evt.arg.NAME is a name of an event's own: a slip would be silently false. */
function noteArguments({ problems }: Compilation, item: RuleItem): void {
  for (const [, name = ""] of item.condition.matchAll(/\bevt\.(?:raw)?arg[.[]([A-Za-z0-9_]+)/g)) {
    if (argumentNames.has(name)) continue;
    addProblem(problems, item.place, {
      severity: "warning",
      code: "detect/unknown-argument",
      message: `no event here has an argument ${JSON.stringify(name)}: the check is false`,
      hint: didYouMean(name, [...argumentNames]),
    });
  }
}

function noteTags({ problems }: Compilation, { tags, place }: Pick<RuleItem, "tags" | "place">): void {
  for (const tag of tags) {
    const problem = tagProblem(tag);
    if (problem !== undefined)
      addProblem(problems, place, { severity: "warning", code: "detect/unknown-tag", ...problem });
  }
}

function unusedOf({ library, expander }: Compilation): {
  readonly macros: readonly string[];
  readonly lists: readonly string[];
} {
  return {
    macros: [...library.macros.keys()].filter((name) => !expander.usedMacros.has(name)),
    lists: [...library.lists.keys()].filter((name) => !expander.usedLists.has(name)),
  };
}

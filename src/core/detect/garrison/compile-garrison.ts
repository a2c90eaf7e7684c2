// Parts of a GarrisonRule -> the engine's program. Macros and lists of the rule itself stand before those of all files.
import type { Compilation } from "../compile-rules.ts";
import type { Program, Step } from "../engine/program.ts";
import { resolve, termOf, type Node, type Term } from "../engine/resolve.ts";
import { withExceptions } from "../falco/exceptions.ts";
import { createExpander, type Expander } from "../falco/expand.ts";
import type { Library } from "../falco/items.ts";
import { parseCondition } from "../falco/parse-condition.ts";
import { printCondition } from "../falco/print-condition.ts";
import { parseTemplate, type Template } from "../output/template.ts";
import { addRuleFaults } from "../rule-faults.ts";
import type { FormText, GarrisonItem } from "./read-garrison.ts";

export interface CompiledGarrison {
  readonly program: Program;
  readonly output: Template;
  /** For people: conditions written out, steps with "then" between them. */
  readonly condition: string;
}

/** Undefined: refused, and a problem says why. */
export function compileGarrison(compilation: Compilation, item: GarrisonItem): CompiledGarrison | undefined {
  try {
    const making = makingOf(compilation, item);
    const program = programOf(making, item.form);
    return { program, output: parseTemplate(item.output), condition: making.texts.join(" then ") };
  } catch (thrown) {
    addOurFaults(compilation, item, thrown);
    return undefined;
  }
}

/** All that is wrong in its texts: conditions, fields and output. */
export function addOurFaults(compilation: Compilation, item: GarrisonItem, first?: unknown): void {
  const { conditions, fields } = textsOfForm(item.form);
  const library = ownLibrary(compilation.library, item);
  addRuleFaults({ ...compilation, library, expander: createExpander(library) }, item.place, {
    texts: { conditions, fields, exceptions: item.exceptions, output: item.output },
    first,
  });
}

function textsOfForm(form: FormText): { readonly conditions: readonly string[]; readonly fields: readonly string[] } {
  switch (form.kind) {
    case "condition":
      return { conditions: [form.condition], fields: [] };
    case "sequence":
      return {
        conditions: form.steps.map(({ condition }) => condition),
        fields: form.steps.flatMap(({ bind }) => Object.values(bind)),
      };
    case "threshold":
      return {
        conditions: [form.condition],
        fields: form.distinct === undefined ? form.fields : [...form.fields, form.distinct],
      };
    case "absence":
      return { conditions: [form.after, form.without], fields: form.fields };
    case "baseline":
      return { conditions: [form.condition], fields: form.fields };
  }
}

interface Making {
  readonly compilation: Compilation;
  readonly item: GarrisonItem;
  readonly expander: Expander;
  readonly texts: string[];
}

function makingOf(compilation: Compilation, item: GarrisonItem): Making {
  const isOwn = item.macros.size > 0 || item.lists.size > 0;
  return {
    compilation,
    item,
    texts: [],
    expander: isOwn ? createExpander(ownLibrary(compilation.library, item)) : compilation.expander,
  };
}

function ownLibrary(library: Library, { macros, lists, place }: GarrisonItem): Library {
  return {
    rules: library.rules,
    refused: library.refused,
    macros: new Map([
      ...library.macros,
      ...[...macros].map(([name, condition]) => [name, { name, place, condition }] as const),
    ]),
    lists: new Map([...library.lists, ...[...lists].map(([name, items]) => [name, { name, place, items }] as const)]),
  };
}

function programOf(making: Making, form: FormText): Program {
  switch (form.kind) {
    case "condition":
      return { kind: "condition", node: nodeOf(making, form.condition) };
    case "sequence":
      return {
        ...form,
        steps: form.steps.map((step): Step => ({
          name: step.name,
          node: nodeOf(making, step.condition),
          bind: new Map(Object.entries(step.bind).map(([name, field]) => [name, fieldOf(field)])),
        })),
      };
    case "threshold":
      return {
        ...form,
        node: nodeOf(making, form.condition),
        fields: form.fields.map(fieldOf),
        distinct: form.distinct === undefined ? undefined : fieldOf(form.distinct),
      };
    case "absence":
      return {
        ...form,
        after: nodeOf(making, form.after),
        without: nodeOf(making, form.without, "plain"),
        fields: form.fields.map(fieldOf),
      };
    case "baseline":
      return { ...form, node: nodeOf(making, form.condition), fields: form.fields.map(fieldOf) };
  }
}

/** Exceptions hold for every condition but the one whose absence is told. */
function nodeOf(
  { compilation, item, expander, texts }: Making,
  condition: string,
  exceptions: "plain" | "excepted" = "excepted",
): Node {
  const tree = parseCondition(condition);
  const expanded = expander.expand(exceptions === "plain" ? tree : withExceptions(tree, item.exceptions));
  texts.push(printCondition(expanded));
  return resolve(compilation.interner, expanded);
}

function fieldOf(text: string): Term {
  const node = parseCondition(`${text} exists`);
  if (node.kind !== "check") throw new Error("a check of one field is a check");
  return termOf(node.left);
}

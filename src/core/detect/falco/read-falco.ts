// A document of Falco's format (a list of lists, macros, rules and requirements) into the library. A broken item is refused alone.
import type { RuleDocument, RuleFile } from "../contract.ts";
import { addProblem, didYouMean, elsewhere, type Problems } from "../problems.ts";
import {
  isMapping,
  placeOf,
  refuseUnknownKeys,
  textOf,
  textsOf,
  wrong,
  type Mapping,
  type Place,
} from "../read-value.ts";
import type { Library } from "./items.ts";
import { overridesOf, type Overrides } from "./overrides.ts";
import { readRule } from "./read-rule.ts";

/** Falco's engine version whose language this is. */
export const engineVersion = { major: 0, minor: 57 } as const;
export const knownPlugins = ["container", "k8saudit", "k8smeta", "json"] as const;

export interface FalcoReading {
  readonly library: Library;
  readonly problems: Problems;
}

/** `value` must be a list; every entry stands for itself. */
export function readFalcoDocument({ library, problems }: FalcoReading, file: RuleFile, document: RuleDocument): void {
  const entries = document.value as readonly unknown[];
  for (const [index, entry] of entries.entries()) {
    const item = { file: file.name, line: document.lineOf([index]), item: "" };
    if (!isMapping(entry)) {
      addProblem(problems, item, { severity: "error", code: "detect/bad-item", message: "an item must be a mapping" });
      continue;
    }
    readEntry(library, { document, problems, item: { ...item, item: nameOf(entry) }, path: [index] }, entry);
  }
}

function nameOf(entry: Mapping): string {
  return textOf(entry["rule"]) ?? textOf(entry["macro"]) ?? textOf(entry["list"]) ?? "";
}

const kinds = ["list", "macro", "rule", "required_engine_version", "required_plugin_versions"] as const;

function readEntry(library: Library, place: Place, entry: Mapping): void {
  const kind = kinds.find((one) => one in entry);
  switch (kind) {
    case "list":
      return readList(library, place, entry);
    case "macro":
      return readMacro(library, place, entry);
    case "rule":
      return readRule(library, place, entry);
    case "required_engine_version":
      return readEngineVersion(place, entry);
    case "required_plugin_versions":
      return readPlugins(place, entry);
    case undefined:
      break;
  }
  const key = Object.keys(entry)[0] ?? "";
  addProblem(place.problems, placeOf(place), {
    severity: "error",
    code: "detect/unknown-item",
    message: `an item is a list, a macro or a rule, not ${JSON.stringify(key)}`,
    hint: didYouMean(key, kinds),
  });
}

function readList(library: Library, place: Place, entry: Mapping): void {
  refuseUnknownKeys(place, entry, ["list", "items", "append", "override", "desc"]);
  const name = textOf(entry["list"]);
  const items = textsOf(entry["items"]);
  if (name === undefined || name === "") return wrong(place, "list", "a list needs a name");
  if (items === undefined) return wrong(place, "items", "`items` must be a list of texts");
  const overrides = overridesOf(place, entry, { items: ["append", "replace"] });
  if (overrides === undefined) return;
  const before = library.lists.get(name);
  if (overrides.size === 0) {
    library.lists.set(name, { name, place: placeOf(place), items });
    return;
  }
  if (before === undefined) return missing(place, { kind: "list", name, known: [...library.lists.keys()] });
  before.items = overrides.get("items") === "append" ? [...before.items, ...items] : items;
}

function readMacro(library: Library, place: Place, entry: Mapping): void {
  refuseUnknownKeys(place, entry, ["macro", "condition", "append", "override", "desc"]);
  const name = textOf(entry["macro"]);
  const condition = textOf(entry["condition"]);
  if (name === undefined || !/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) {
    return wrong(place, "macro", "a macro's name is letters, digits and _, a letter first");
  }
  if (condition === undefined || condition.trim() === "") return wrong(place, "condition", "a macro needs a condition");
  const overrides: Overrides | undefined = overridesOf(place, entry, { condition: ["append", "replace"] });
  if (overrides === undefined) return;
  const before = library.macros.get(name);
  if (overrides.size === 0) {
    library.macros.set(name, { name, place: placeOf(place), condition });
    return;
  }
  if (before === undefined) return missing(place, { kind: "macro", name, known: [...library.macros.keys()] });
  before.condition = overrides.get("condition") === "append" ? `${before.condition} ${condition}` : condition;
}

/** An override of something that does not stand above. */
export function missing(
  place: Place,
  { kind, name, known }: { readonly kind: string; readonly name: string; readonly known: readonly string[] },
): void {
  addProblem(place.problems, placeOf(place), {
    severity: "error",
    code: "detect/nothing-to-override",
    message: `there is no ${kind} ${JSON.stringify(name)} before it to override`,
    hint: didYouMean(name, known) || elsewhere,
  });
}

function readEngineVersion(place: Place, entry: Mapping): void {
  const text = textOf(entry["required_engine_version"]) ?? "";
  // Before 0.34 the version was a plain number, 26 being 0.26.0.
  const match = /^(?:(\d+)|(\d+)\.(\d+)(?:\.\d+)?)$/.exec(text);
  if (match === null) return wrong(place, "required_engine_version", "a version is 26 or 0.57.0");
  const major = Number(match[2] ?? 0);
  const minor = Number(match[3] ?? match[1]);
  if (major < engineVersion.major || (major === engineVersion.major && minor <= engineVersion.minor)) return;
  addProblem(place.problems, placeOf(place), {
    severity: "warning",
    code: "detect/newer-engine",
    message: `the file asks for engine ${text}; Garrison knows ${engineVersion.major}.${engineVersion.minor}.0`,
    hint: "what is not known is refused rule by rule",
  });
}

function readPlugins(place: Place, entry: Mapping): void {
  const wanted = entry["required_plugin_versions"];
  if (!Array.isArray(wanted)) return wrong(place, "required_plugin_versions", "a list of {name, version} was expected");
  for (const plugin of wanted) {
    const name = isMapping(plugin) ? (textOf(plugin["name"]) ?? "") : "";
    if (knownPlugins.some((known) => known === name) || hasKnownAlternative(plugin)) continue;
    addProblem(place.problems, placeOf(place), {
      severity: "warning",
      code: "detect/unknown-plugin",
      message: `the file asks for the plugin ${JSON.stringify(name)}, which Garrison does not have`,
      hint: `it has the fields of ${knownPlugins.join(", ")}`,
    });
  }
}

function hasKnownAlternative(plugin: unknown): boolean {
  const alternatives = isMapping(plugin) ? plugin["alternatives"] : undefined;
  if (!Array.isArray(alternatives)) return false;
  return alternatives.some((one) => isMapping(one) && knownPlugins.some((known) => known === one["name"]));
}

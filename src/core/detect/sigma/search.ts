// One search of a Sigma rule -> a tree: fields with modifiers, lists of choices, words without a field. Texts compare without case, as Sigma has it.
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import type { CheckNode, ConditionNode, FieldTerm, Operator } from "../falco/ast.ts";
import { parseCondition } from "../falco/parse-condition.ts";
import { findField } from "../fields/fields.ts";
import { isMapping, textOf } from "../read-value.ts";
import { encodeBase64 } from "./base64.ts";
import { joined } from "./condition.ts";
import { auditTypes, type SigmaSource } from "./sources.ts";

const modifiers = [
  "contains",
  "startswith",
  "endswith",
  "all",
  "re",
  "cidr",
  "base64",
  "cased",
  "exists",
  "gt",
  "gte",
  "lt",
  "lte",
  "i",
] as const;
type Modifier = (typeof modifiers)[number];

/** A mapping: all must hold. A list of mappings or words: any. Throws a Fault. */
export function searchTree(value: unknown, source: SigmaSource): ConditionNode {
  if (Array.isArray(value)) {
    if (value.length === 0) throw bad("a search is an empty list");
    return joined(
      "or",
      value.map((one) => (isMapping(one) ? searchTree(one, source) : keyword(one, source))),
    );
  }
  if (!isMapping(value)) return keyword(value, source);
  const entries = Object.entries(value);
  if (entries.length === 0) throw bad("a search has no fields");
  return joined(
    "and",
    entries.map(([key, given]) => fieldTree(key, given, source)),
  );
}

function keyword(value: unknown, source: SigmaSource): ConditionNode {
  const text = textOf(value);
  if (text === undefined) throw bad("a word of a search must be a text");
  return textCheck(termOf(source.keywords), `*${text}*`, { isCased: false });
}

function fieldTree(key: string, given: unknown, source: SigmaSource): ConditionNode {
  const [name = "", ...words] = key.split("|");
  const mods = words.map((word) => {
    const found = modifiers.find((one) => one === word);
    if (found !== undefined) return found;
    const near = nearest(word, modifiers);
    throw bad(
      `the modifier ${JSON.stringify(word)} is not supported`,
      near === undefined ? `known are: ${modifiers.join(", ")}` : `did you mean "${near}"?`,
    );
  });
  const values: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (name === "type" && source.fields["a0"] !== undefined) return auditType(values);
  if (name === "")
    return joined(
      mods.includes("all") ? "and" : "or",
      values.map((value) => keyword(value, source)),
    );
  const mapped = Object.hasOwn(source.fields, name) ? source.fields[name] : undefined;
  if (mapped === undefined) {
    const near = nearest(name, Object.keys(source.fields));
    throw bad(
      `no field of ours is Sigma's ${JSON.stringify(name)} here`,
      near === undefined
        ? `known are: ${Object.keys(source.fields).slice(0, 12).join(", ")}`
        : `did you mean "${near}"?`,
    );
  }
  const term = termOf(mapped);
  return joined(
    mods.includes("all") ? "and" : "or",
    values.map((value) => valueTree(term, value, mods)),
  );
}

/** What kind of audit record: says which events are meant. */
function auditType(values: readonly unknown[]): ConditionNode {
  return joined(
    "or",
    values.map((value) => {
      const type = textOf(value) ?? "";
      const base = Object.hasOwn(auditTypes, type) ? auditTypes[type] : undefined;
      if (base === undefined)
        throw bad(
          `audit records of type ${JSON.stringify(value)} do not arrive here`,
          `known are: ${Object.keys(auditTypes).join(", ")}`,
        );
      return parseCondition(base);
    }),
  );
}

function termOf(field: string): FieldTerm {
  const node = parseCondition(`${field} exists`);
  if (node.kind !== "check") throw new Error("a check of one field is a check");
  return node.left;
}

const numeric: Readonly<Partial<Record<Modifier, Operator>>> = { gt: ">", gte: ">=", lt: "<", lte: "<=" };

function valueTree(term: FieldTerm, value: unknown, mods: readonly Modifier[]): ConditionNode {
  if (value === null) return { kind: "not", child: check(term, "exists", "") };
  const text = textOf(value);
  if (text === undefined) throw bad("a value must be a text or a number");
  const { type } = findField(term).field;
  if (mods.includes("exists"))
    return text === "true" ? check(term, "exists", "") : { kind: "not", child: check(term, "exists", "") };
  if (mods.includes("re"))
    return check(term, "regex", `[\\s\\S]*(?:${mods.includes("i") ? `(?i:${text})` : text})[\\s\\S]*`);
  if (mods.includes("cidr")) return check(term, "=", text);
  const comparison = mods.map((mod) => numeric[mod]).find((operator) => operator !== undefined);
  if (comparison !== undefined) return check(term, comparison, text);
  if (type !== "text") return check(term, "=", text);
  const wanted = mods.includes("base64") ? escaped(encodeBase64(text)) : text;
  const isCased = mods.includes("cased") || mods.includes("base64") || term.field === "evt.type";
  const before = mods.includes("contains") || mods.includes("endswith") ? "*" : "";
  const after = mods.includes("contains") || mods.includes("startswith") ? "*" : "";
  return textCheck(term, `${before}${wanted}${after}`, { isCased });
}

/** A value with * and ? as wildcards and \ as escape. The cheapest operator that says the same is taken. */
function textCheck(term: FieldTerm, wildcard: string, { isCased }: { readonly isCased: boolean }): ConditionNode {
  const left: FieldTerm = isCased ? term : { ...term, transformers: ["tolower"] };
  const text = isCased ? wildcard : wildcard.toLowerCase();
  const begins = /^\*+/.test(text);
  const ends = /(?<!\\)\*+$/.test(text);
  const inner = text.replace(/^\*+/, "").replace(/(?<!\\)\*+$/, "");
  const isPlain = !/(?<!\\)[*?]/.test(inner);
  if (!isPlain) return check(left, "glob", toGlob(text));
  const literal = inner.replaceAll(/\\([*?\\])/g, "$1");
  if (begins && ends) return check(left, "contains", literal);
  if (begins) return check(left, "endswith", literal);
  return check(left, ends ? "startswith" : "=", literal);
}

/** Brackets are no sets in Sigma. */
function toGlob(text: string): string {
  return text.replaceAll(/[[\]]/g, "\\$&");
}

function escaped(text: string): string {
  return text.replaceAll(/[*?\\]/g, "\\$&");
}

function check(left: FieldTerm, operator: Operator, text: string): CheckNode {
  return {
    kind: "check",
    left,
    operator,
    values: operator === "exists" ? [] : [{ kind: "text", text, isQuoted: true }],
  };
}

function bad(message: string, hint = ""): Fault {
  const options = { code: "detect/bad-sigma", kind: "usage" } as const;
  return new Fault(message, hint === "" ? options : { ...options, hint });
}

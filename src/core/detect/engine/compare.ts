// Operators on one value: texts, numbers, booleans and addresses against the right side, made ready once.
import { inRange, parseAddress, parsePrefix, type AddressRange } from "../../../base/ip.ts";
import type { Operator } from "../falco/ast.ts";
import type { FieldType } from "../fields/field.ts";
import { booleanValue, numberOf } from "./check-values.ts";
import { globPattern } from "./glob.ts";
import { pathPrefixes } from "./path-prefixes.ts";
import { utf8Text } from "./utf8.ts";
import { wholePattern } from "./whole-pattern.ts";

export type Compare = (value: string | number | boolean) => boolean;

/** "!=" gives the test of "=": whoever calls negates. `right` may hold what the field cannot have when it came from another field. */
export function comparerOf(type: FieldType, operator: Operator, right: readonly string[]): Compare {
  switch (type) {
    case "number":
      return numeric(
        operator,
        right.flatMap((text) => numberOf(text) ?? []),
      );
    case "boolean": {
      const wanted = right.map(booleanValue);
      return (value) => wanted.includes(value === true || value === "true");
    }
    case "address":
      return operator === "=" ||
        operator === "==" ||
        operator === "!=" ||
        operator === "in" ||
        operator === "intersects"
        ? addressed(right)
        : textual(operator, right);
    case "text":
      return textual(operator, right);
  }
}

function numeric(operator: Operator, right: readonly number[]): Compare {
  const [first = Number.NaN] = right;
  switch (operator) {
    case "<":
      return (value) => Number(value) < first;
    case "<=":
      return (value) => Number(value) <= first;
    case ">":
      return (value) => Number(value) > first;
    case ">=":
      return (value) => Number(value) >= first;
    default: {
      if (right.length === 1) return (value) => Number(value) === first;
      const all = new Set(right);
      return (value) => all.has(Number(value));
    }
  }
}

/** Addresses are equal however they are written; ranges hold what lies in them. */
function addressed(right: readonly string[]): Compare {
  const ranges: readonly AddressRange[] = right.flatMap((text) => parsePrefix(text) ?? []);
  return (value) => {
    const address = parseAddress(String(value));
    return address !== undefined && ranges.some((range) => inRange(address, range));
  };
}

function textual(operator: Operator, right: readonly string[]): Compare {
  const [first = ""] = right;
  switch (operator) {
    case "contains":
      return (value) => String(value).includes(first);
    case "icontains": {
      const lower = first.toLowerCase();
      return (value) => String(value).toLowerCase().includes(lower);
    }
    case "bcontains": {
      const bytes = hexText(first);
      return (value) => String(value).includes(bytes);
    }
    case "startswith":
      return (value) => String(value).startsWith(first);
    case "bstartswith": {
      const bytes = hexText(first);
      return (value) => String(value).startsWith(bytes);
    }
    case "endswith":
      return (value) => String(value).endsWith(first);
    case "glob": {
      const matches = globPattern(first);
      return (value) => matches(String(value));
    }
    case "iglob": {
      const matches = globPattern(first.toLowerCase());
      return (value) => matches(String(value).toLowerCase());
    }
    case "regex":
      return regular(first);
    case "pmatch": {
      const matches = pathPrefixes(right);
      return (value) => matches(String(value));
    }
    default: {
      if (right.length === 1) return (value) => value === first || String(value) === first;
      const all = new Set(right);
      return (value) => all.has(String(value));
    }
  }
}

/** The whole text must match, as in Falco. Linear in the text, whatever the pattern. */
function regular(source: string): Compare {
  const pattern = wholePattern(source);
  return (value) => pattern.test(utf8Text(String(value)));
}

function hexText(hex: string): string {
  return (hex.match(/../g) ?? []).map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join("");
}

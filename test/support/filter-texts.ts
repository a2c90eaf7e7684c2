// Filters as people might type them, at random: for property tests of parser, predicate and SQL.
import * as fc from "fast-check";
import type { Field } from "../../src/core/filter/field.ts";
import { fields } from "../../src/core/filter/fields.ts";
import { quote } from "../../src/core/filter/print.ts";

/** Few words, so that filters hit rows now and then. */
export const words = ["db", "web", "Web", "a_b", "a%b", "a\\b", "shop", "", "x y", 'q"t', "étoile", "10", "*"] as const;
const patterns = ["*", "d*", "*b", "a_*", "a%*", "*\\*", "w*b", "*e*"];
const addresses = ["10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::/0", "fe80::1", "fe80::/10", "::", "192.168.7.0/24"];
const numbers = ["0", "1", "80", ">80", ">=80", "<80", "<=1", "1-100", "65535"];

function valuesOf(field: Field): readonly string[] {
  switch (field.type) {
    case "name":
    case "domain":
      return [
        ...words.map((word) => quote(word)),
        ...patterns,
        "db",
        "web",
        ...(field.name === "workload" ? ["shop/db", "s*/web"] : []),
      ];
    case "target":
      return [
        ...words.filter((word) => word !== "").map((word) => quote(word)),
        ...patterns,
        ...addresses,
        "shop/db",
        "s*/web",
      ];
    case "content":
      return words.filter((word) => word !== "").map((word) => quote(word));
    case "choice":
      return field.choices ?? [];
    case "address":
      return addresses;
    case "number":
      return numbers;
    case "status":
      return [...numbers, "5xx", "200"];
    case "bytes":
      return [...numbers, ">1kb", "<1mib", "1kb-2kib"];
    case "duration":
      return [">1ms", "<5s", "100us", "1ms-2s"];
    case "flag":
      return ["yes", "no"];
  }
}

const freeTexts = [
  ...words.filter((word) => word !== "").map((word) => quote(word)),
  "d*",
  "shop/db",
  "WEB",
  "10.0.0.1",
  "fe80::/10",
];

/** One clause over one of the given fields, or free text. */
export function clauseTexts(of: readonly Field[]): fc.Arbitrary<string> {
  const named = fc.constantFrom(...of).chain((field) => {
    const sides = ["", ...(field.from === undefined ? [] : ["from."]), ...(field.to === undefined ? [] : ["to."])];
    const values = fc.array(fc.constantFrom(...valuesOf(field)), { minLength: 1, maxLength: 3 });
    return fc
      .tuple(fc.constantFrom("", "", "-"), fc.constantFrom(...sides), values)
      .map(([minus, side, list]) => `${minus}${side}${field.name}:${list.join(",")}`);
  });
  const free = fc.tuple(fc.constantFrom("", "-"), fc.constantFrom(...freeTexts)).map((parts) => parts.join(""));
  return fc.oneof({ weight: 5, arbitrary: named }, { weight: 1, arbitrary: free });
}

export const filterTexts: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(clauseTexts(fields), { maxLength: 5 }),
    fc.constantFrom("", "last:15m", "since:2h", "since:2026-11-23 until:now", "until:5m"),
  )
  .map(([clauses, window]) => [...clauses, window].join(" "));

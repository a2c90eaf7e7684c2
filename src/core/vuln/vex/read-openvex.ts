// OpenVEX 0.0.1 to 0.2: products with subcomponents, identifiers and hashes, aliases, times of statements.
import { parseInstantMs } from "../../../base/instant.ts";
import { listAt, member, objectOf, textAt, textOf } from "../../sbom/formats/value.ts";
import { digestOf, productOf } from "./identify.ts";
import { createProblems, type Problems } from "./problems.ts";
import {
  justificationOf,
  vexLimits,
  vexStatuses,
  type VexDocument,
  type VexProduct,
  type VexStatement,
} from "./statement.ts";

export function readOpenVex(document: unknown): VexDocument {
  const problems = createProblems();
  const documentAt = timeOf(document) ?? -1;
  const statements: VexStatement[] = [];
  for (const value of listAt(document, "statements")) {
    if (statements.length >= vexLimits.statementsMax) problems.add(`more than ${vexLimits.statementsMax} statements`);
    else {
      const statement = statementOf(value, { documentAt, document }, problems);
      if (statement !== undefined) statements.push(statement);
    }
  }
  return {
    format: "openvex",
    id: textAt(document, "@id"),
    author: textAt(document, "author"),
    statements,
    problems: problems.list(),
  };
}

function statementOf(
  value: unknown,
  { documentAt, document }: { readonly documentAt: number; readonly document: unknown },
  problems: Problems,
): VexStatement | undefined {
  const vulnerability = member(value, "vulnerability");
  const names = [
    textOf(vulnerability) || textAt(vulnerability, "name") || lastOf(textAt(vulnerability, "@id")),
    ...listAt(vulnerability, "aliases").map(textOf),
  ].filter((name) => name !== "");
  const status = vexStatuses.find((one) => one === (textAt(value, "status") || textAt(document, "status")));
  if (names.length === 0 || status === undefined) {
    problems.add(names.length === 0 ? "a statement names no vulnerability" : "a statement has no status that we know");
    return undefined;
  }
  const justification = justificationOf(textAt(value, "justification"));
  const impact = textAt(value, "impact_statement");
  if (status === "not_affected" && justification === "" && impact.trim() === "") {
    problems.add("a statement says not_affected and not why: OpenVEX asks for a justification or an impact statement");
    return undefined;
  }
  const subcomponents = listAt(value, "subcomponents");
  const products = listAt(value, "products").slice(0, vexLimits.productsMax);
  if (products.length === 0) problems.add(`a statement on ${names[0]} names no product: it speaks of nothing here`);
  return {
    names,
    // Before 0.2 subcomponents stood beside the products.
    products: products.map((product) => productFrom(product, subcomponents, problems)),
    status,
    justification,
    reason: impact || textAt(value, "action_statement") || textAt(value, "status_notes"),
    atMs: timeOf(value) ?? documentAt,
  };
}

function productFrom(value: unknown, beside: readonly unknown[], problems: Problems): VexProduct {
  const inside = [...listAt(value, "subcomponents"), ...beside].slice(0, vexLimits.productsMax);
  const subcomponents = inside.map((one) => productOf(identifiersOf(one), problems));
  return productOf(identifiersOf(value), problems, subcomponents);
}

function identifiersOf(value: unknown): Parameters<typeof productOf>[0] {
  const identifiers = member(value, "identifiers");
  const hashes = Object.entries(objectOf(member(value, "hashes")));
  return {
    id: textOf(value) || textAt(value, "@id"),
    purls: [textAt(identifiers, "purl")],
    cpes: [textAt(identifiers, "cpe23"), textAt(identifiers, "cpe22")],
    digests: hashes.map(([name, hex]) => digestOf(name, textOf(hex))).filter((digest) => digest !== ""),
  };
}

function timeOf(value: unknown): number | undefined {
  return parseInstantMs(textAt(value, "last_updated")) ?? parseInstantMs(textAt(value, "timestamp"));
}

/** The last part of an IRI: "https://nvd.example/vuln/detail/CVE-2026-1". */
function lastOf(iri: string): string {
  return iri.slice(iri.lastIndexOf("/") + 1);
}

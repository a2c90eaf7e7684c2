// CSAF 2.0 of the VEX profile (and security advisories): the product tree with its relationships, statuses, flags, threats, remediations.
import { parseInstantMs } from "../../../base/instant.ts";
import { listAt, listOf, member, textAt, textOf } from "../../sbom/formats/value.ts";
import { digestOf, productOf } from "./identify.ts";
import { createProblems, type Problems } from "./problems.ts";
import {
  justificationOf,
  vexLimits,
  type VexDocument,
  type VexProduct,
  type VexStatement,
  type VexStatus,
} from "./statement.ts";

const statusByList: Readonly<Record<string, VexStatus>> = {
  known_affected: "affected",
  first_affected: "affected",
  last_affected: "affected",
  known_not_affected: "not_affected",
  fixed: "fixed",
  first_fixed: "fixed",
  under_investigation: "under_investigation",
};

export function readCsaf(document: unknown): VexDocument {
  const problems = createProblems();
  const head = member(document, "document");
  const tracking = member(head, "tracking");
  const atMs = parseInstantMs(textAt(tracking, "current_release_date")) ?? -1;
  const products = productsOf(member(document, "product_tree"), problems);
  const groups = groupsOf(member(document, "product_tree"));
  const statements: VexStatement[] = [];
  for (const vulnerability of listAt(document, "vulnerabilities")) {
    if (statements.length >= vexLimits.statementsMax) {
      problems.add(`more than ${vexLimits.statementsMax} statements`);
      break;
    }
    statements.push(...statementsOf(vulnerability, { atMs, products, groups, problems }));
  }
  return {
    format: "csaf",
    id: textAt(tracking, "id"),
    author: textAt(member(head, "publisher"), "name"),
    statements,
    problems: problems.list(),
  };
}

interface CsafContext {
  readonly atMs: number;
  readonly products: ReadonlyMap<string, VexProduct>;
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly problems: Problems;
}

/** One statement a status and justification, over all products that share them. */
function statementsOf(
  vulnerability: unknown,
  { atMs, products, groups, problems }: CsafContext,
): readonly VexStatement[] {
  const names = [textAt(vulnerability, "cve"), ...listAt(vulnerability, "ids").map((id) => textAt(id, "text"))].filter(
    (name) => name !== "",
  );
  if (names.length === 0) {
    problems.add("a vulnerability has no name");
    return [];
  }
  const labels = wordsByProduct(listAt(vulnerability, "flags"), "label", groups);
  const impacts = wordsByProduct(
    listAt(vulnerability, "threats").filter((threat) => textAt(threat, "category") === "impact"),
    "details",
    groups,
  );
  const actions = wordsByProduct(listAt(vulnerability, "remediations"), "details", groups);
  const made = new Map<string, VexStatement & { products: VexProduct[] }>();
  for (const [list, status] of Object.entries(statusByList))
    for (const id of listOf(member(member(vulnerability, "product_status"), list)).map(textOf)) {
      const product = products.get(id);
      if (product === undefined) {
        problems.add("a status names a product that is not in the tree");
        continue;
      }
      const justification = status === "not_affected" ? justificationOf(labels.get(id) ?? "") : "";
      const reason = (status === "not_affected" ? impacts.get(id) : actions.get(id)) ?? "";
      const key = `${status}\0${justification}\0${reason}`;
      const statement = made.get(key) ?? { names, products: [], status, justification, reason, atMs };
      statement.products.push(product);
      made.set(key, statement);
    }
  return [...made.values()];
}

function wordsByProduct(
  entries: readonly unknown[],
  key: string,
  groups: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const entry of entries) {
    const ids = [
      ...listAt(entry, "product_ids").map(textOf),
      ...listAt(entry, "group_ids").flatMap((group) => groups.get(textOf(group)) ?? []),
    ];
    for (const id of ids) if (!words.has(id)) words.set(id, textAt(entry, key).slice(0, 4096));
  }
  return words;
}

function groupsOf(tree: unknown): ReadonlyMap<string, readonly string[]> {
  return new Map(
    listAt(tree, "product_groups").map((group) => [
      textAt(group, "group_id"),
      listAt(group, "product_ids").map(textOf),
    ]),
  );
}

/** Products by id: of the branches, the flat list, and of relationships ("component of platform" is the platform with a subcomponent). */
function productsOf(tree: unknown, problems: Problems): ReadonlyMap<string, VexProduct> {
  const found = new Map<string, VexProduct>();
  const add = (value: unknown): void => {
    const id = textAt(value, "product_id");
    if (id === "" || found.size >= vexLimits.productsMax) return;
    found.set(id, productFrom(value, problems));
  };
  const stack = listAt(tree, "branches").map((branch) => ({ branch, depth: 1 }));
  while (stack.length > 0) {
    const top = stack.pop();
    if (top === undefined) break;
    add(member(top.branch, "product"));
    if (top.depth >= vexLimits.depthMax) problems.add(`branches are more than ${vexLimits.depthMax} deep`);
    else for (const branch of listAt(top.branch, "branches")) stack.push({ branch, depth: top.depth + 1 });
  }
  for (const product of listAt(tree, "full_product_names")) add(product);
  for (const relation of listAt(tree, "relationships")) {
    const whole = member(relation, "full_product_name");
    const id = textAt(whole, "product_id");
    const component = found.get(textAt(relation, "product_reference"));
    const platform = found.get(textAt(relation, "relates_to_product_reference"));
    if (id === "" || component === undefined || platform === undefined) {
      problems.add("a relationship names a product that is not in the tree");
      continue;
    }
    found.set(id, { ...platform, id, subcomponents: [component] });
  }
  return found;
}

function productFrom(value: unknown, problems: Problems): VexProduct {
  const helper = member(value, "product_identification_helper");
  const hashes = listAt(helper, "hashes").flatMap((hash) => listAt(hash, "file_hashes"));
  return productOf(
    {
      id: textAt(value, "name"),
      purls: [textAt(helper, "purl"), ...listAt(helper, "purls").map(textOf)],
      cpes: [textAt(helper, "cpe")],
      digests: hashes
        .map((hash) => digestOf(textAt(hash, "algorithm"), textAt(hash, "value")))
        .filter((digest) => digest !== ""),
    },
    problems,
  );
}

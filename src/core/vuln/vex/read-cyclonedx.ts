// CycloneDX VEX: vulnerabilities with their analysis; what they affect is a component of the document, or a BOM-Link that ends in a package URL.
import { parseInstantMs } from "../../../base/instant.ts";
import { listAt, member, textAt, textOf } from "../../sbom/formats/value.ts";
import { digestOf, productOf } from "./identify.ts";
import { createProblems, type Problems } from "./problems.ts";
import { vexLimits, type VexDocument, type VexProduct, type VexStatement, type VexStatus } from "./statement.ts";

const statusByState: Readonly<Record<string, VexStatus>> = {
  resolved: "fixed",
  resolved_with_pedigree: "fixed",
  exploitable: "affected",
  in_triage: "under_investigation",
  false_positive: "not_affected",
  not_affected: "not_affected",
};

/** CycloneDX's justifications in OpenVEX's words. */
const justifications: Readonly<Record<string, string>> = {
  code_not_present: "vulnerable_code_not_present",
  code_not_reachable: "vulnerable_code_not_in_execute_path",
  requires_configuration: "vulnerable_code_cannot_be_controlled_by_adversary",
  requires_dependency: "component_not_present",
  requires_environment: "vulnerable_code_cannot_be_controlled_by_adversary",
  protected_by_compiler: "inline_mitigations_already_exist",
  protected_at_runtime: "inline_mitigations_already_exist",
  protected_at_perimeter: "inline_mitigations_already_exist",
  protected_by_mitigating_control: "inline_mitigations_already_exist",
};

export function readCycloneDxVex(document: unknown): VexDocument {
  const problems = createProblems();
  const metadata = member(document, "metadata");
  const documentAt = parseInstantMs(textAt(metadata, "timestamp")) ?? -1;
  const components = componentsByRef(document, problems);
  const statements: VexStatement[] = [];
  for (const vulnerability of listAt(document, "vulnerabilities")) {
    const analysis = member(vulnerability, "analysis");
    const state = textAt(analysis, "state");
    const status = Object.hasOwn(statusByState, state) ? statusByState[state] : undefined;
    const names = [
      textAt(vulnerability, "id"),
      ...listAt(vulnerability, "references").map((one) => textAt(one, "id")),
    ].filter((name) => name !== "");
    if (state === "" || statements.length >= vexLimits.statementsMax) continue;
    if (status === undefined || names.length === 0) {
      problems.add(`an analysis has no state or vulnerability that we know`);
      continue;
    }
    const justification = textAt(analysis, "justification");
    const at = ["lastUpdated", "firstIssued"].map((key) => parseInstantMs(textAt(analysis, key)));
    const updated = ["updated", "published"].map((key) => parseInstantMs(textAt(vulnerability, key)));
    statements.push({
      names,
      products: listAt(vulnerability, "affects").flatMap((target) => targetOf(target, components, problems)),
      status,
      justification: Object.hasOwn(justifications, justification) ? (justifications[justification] ?? "") : "",
      reason:
        textAt(analysis, "detail") ||
        textAt(vulnerability, "recommendation") ||
        listAt(analysis, "response").map(textOf).join(", "),
      atMs: [...at, documentAt < 0 ? undefined : documentAt, ...updated].find((ms) => ms !== undefined) ?? -1,
    });
  }
  return {
    format: "cyclonedx",
    id: textAt(document, "serialNumber"),
    author: textAt(member(metadata, "supplier"), "name") || textAt(member(metadata, "manufacturer"), "name"),
    statements,
    problems: problems.list(),
  };
}

function targetOf(
  target: unknown,
  components: ReadonlyMap<string, VexProduct>,
  problems: Problems,
): readonly VexProduct[] {
  const ref = textAt(target, "ref");
  const versions = listAt(target, "versions");
  if (versions.some((version) => textAt(version, "range") !== "" && textAt(version, "version") === ""))
    problems.add("a range of versions is not compared: what it affects is left out");
  const exact = versions.map((version) => textAt(version, "version")).filter((version) => version !== "");
  if (versions.length > 0 && exact.length === 0) return [];
  const known = components.get(ref);
  if (known !== undefined) return [{ ...known, versions: exact }];
  const link = /^urn:cdx:[^#]{1,200}#(.+)$/s.exec(ref)?.[1];
  const purl = decoded(link ?? ref);
  if (purl.startsWith("pkg:")) return [productOf({ id: purl.split("|", 1)[0] ?? purl, versions: exact }, problems)];
  problems.add("what a vulnerability affects is not in the document");
  return [];
}

/** A package URL in a BOM-Link may be percent-encoded as a whole. */
function decoded(text: string): string {
  if (!/^pkg%3a/i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function componentsByRef(document: unknown, problems: Problems): ReadonlyMap<string, VexProduct> {
  const found = new Map<string, VexProduct>();
  const stack = [member(member(document, "metadata"), "component"), ...listAt(document, "components")].map(
    (component) => ({ component, depth: 1 }),
  );
  while (stack.length > 0 && found.size < vexLimits.productsMax) {
    const top = stack.pop();
    if (top === undefined) break;
    const { component, depth } = top;
    const ref = textAt(component, "bom-ref");
    if (ref !== "") found.set(ref, productFrom(component, problems));
    if (depth < vexLimits.depthMax)
      for (const inner of listAt(component, "components")) stack.push({ component: inner, depth: depth + 1 });
  }
  return found;
}

function productFrom(component: unknown, problems: Problems): VexProduct {
  const version = textAt(component, "version");
  return productOf(
    {
      id: textAt(component, "name"),
      purls: [textAt(component, "purl")],
      cpes: [textAt(component, "cpe")],
      digests: [
        ...(/^sha256:[0-9a-f]{64}$/.test(version) ? [version] : []),
        ...listAt(component, "hashes").map((hash) => digestOf(textAt(hash, "alg"), textAt(hash, "content"))),
      ].filter((digest) => digest !== ""),
    },
    problems,
  );
}

// What a VEX document says, whatever its format: a status of a vulnerability in products, by whom, when, and why.
import type { PurlParts } from "../../sbom/purl.ts";

export const vexStatuses = ["not_affected", "affected", "fixed", "under_investigation"] as const;
export type VexStatus = (typeof vexStatuses)[number];

/** A thing named by any of its identifiers; with subcomponents the statement is about these inside it. */
export interface VexProduct {
  /** As written: an IRI, a package URL, a reference. */
  readonly id: string;
  readonly purls: readonly PurlParts[];
  readonly cpes: readonly string[];
  /** "sha256:..." */
  readonly digests: readonly string[];
  readonly subcomponents: readonly VexProduct[];
  /** Only these versions; empty: what the identifiers say. */
  readonly versions: readonly string[];
}

export interface VexStatement {
  /** The vulnerability's names, the main one first. */
  readonly names: readonly string[];
  readonly products: readonly VexProduct[];
  readonly status: VexStatus;
  /** OpenVEX's words; "". */
  readonly justification: string;
  /** Impact or action statement, or the vendor's detail. */
  readonly reason: string;
  /** Milliseconds; -1 when nothing said it: then it is older than all that do. */
  readonly atMs: number;
}

export const vexFormats = ["openvex", "csaf", "cyclonedx"] as const;

export interface VexDocument {
  readonly format: (typeof vexFormats)[number];
  readonly id: string;
  readonly author: string;
  readonly statements: readonly VexStatement[];
  /** Parts that could not be used, in words, with counts. */
  readonly problems: readonly string[];
}

export const vexLimits = {
  bytesMax: 64 * 1024 * 1024,
  statementsMax: 200_000,
  /** Products of one statement, and of a product tree. */
  productsMax: 200_000,
  depthMax: 32,
  problemsMax: 100,
} as const;

const ids: ReadonlySet<string> = new Set([
  "component_not_present",
  "vulnerable_code_not_present",
  "vulnerable_code_not_in_execute_path",
  "vulnerable_code_cannot_be_controlled_by_adversary",
  "inline_mitigations_already_exist",
]);

/** A justification of OpenVEX's list, or "". */
export function justificationOf(text: string): string {
  return ids.has(text) ? text : "";
}

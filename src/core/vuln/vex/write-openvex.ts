// Matches and what was decided about them as an OpenVEX 0.2 document: the same matches give the same bytes.
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import { createdAt, subjectOf, withUuid, type DocumentOptions } from "../../sbom/formats/document.ts";

export interface OpenVexOptions extends DocumentOptions {
  /** Who says so; "Garrison" when nobody is named. */
  readonly author?: string;
}

interface Said {
  readonly status: "not_affected" | "affected" | "fixed" | "under_investigation";
  readonly justification?: string;
  readonly impact_statement?: string;
  readonly action_statement?: string;
}

/** JSON text. Accepted risk is "affected", with the reason as its action; what has no time of its own gets the image's. */
export function writeOpenVex(
  analysis: ImageAnalysis,
  matches: readonly VulnerabilityMatch[],
  options: OpenVexOptions,
): string {
  const timestamp = createdAt(analysis, options) || "1970-01-01T00:00:00Z";
  const subject = subjectOf(analysis);
  const product = subject.purl === "" ? subject.name : subject.purl;
  const groups = new Map<
    string,
    { readonly match: VulnerabilityMatch; readonly said: Said; readonly purls: Set<string> }
  >();
  for (const match of matches) {
    const said = saidOf(match);
    const key = JSON.stringify([match.vulnerability, said]);
    const group = groups.get(key) ?? { match, said, purls: new Set<string>() };
    group.purls.add(match.purl);
    groups.set(key, group);
  }
  const sorted = [...groups].toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  const statements = sorted.map(([, { match, said, purls }]) => ({
    vulnerability: { name: match.vulnerability, ...(match.aliases.length === 0 ? {} : { aliases: match.aliases }) },
    products: [
      {
        "@id": product,
        ...(subject.sha256 === "" ? {} : { hashes: { "sha-256": subject.sha256 } }),
        subcomponents: [...purls].toSorted().map((purl) => ({ "@id": purl, identifiers: { purl } })),
      },
    ],
    ...said,
  }));
  return withUuid((uuid) => ({
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": `urn:uuid:${uuid}`,
    author: options.author ?? "Garrison",
    timestamp,
    version: 1,
    ...(options.toolVersion === undefined ? {} : { tooling: `garrison ${options.toolVersion}` }),
    statements,
  }));
}

function saidOf(match: VulnerabilityMatch): Said {
  const { suppressed } = match;
  if (suppressed === undefined) {
    if (match.status === "under-investigation") return { status: "under_investigation" };
    return { status: "affected", action_statement: actionOf(match) };
  }
  switch (suppressed.status) {
    case "not_affected":
      // The format wants one of the two.
      return {
        status: "not_affected",
        ...(suppressed.justification === "" ? {} : { justification: suppressed.justification }),
        ...(suppressed.reason === "" && suppressed.justification !== ""
          ? {}
          : { impact_statement: suppressed.reason || "No reason was given." }),
      };
    case "fixed":
      return { status: "fixed" };
    case "under_investigation":
      return { status: "under_investigation" };
    case "affected":
    case "accepted":
      return { status: "affected", action_statement: acceptedWords(suppressed) };
  }
}

function acceptedWords({ reason, owner, expiresAt }: NonNullable<VulnerabilityMatch["suppressed"]>): string {
  return `Risk accepted${owner === "" ? "" : ` by ${owner}`}${expiresAt === "" ? "" : ` until ${expiresAt}`}: ${reason}`;
}

function actionOf({ fix }: VulnerabilityMatch): string {
  if (fix.state === "fixed" && fix.versions.length > 0) return `Update to ${fix.versions.join(" or ")}.`;
  return fix.because === "" ? "No fix is known." : `No fix: ${fix.because}`;
}

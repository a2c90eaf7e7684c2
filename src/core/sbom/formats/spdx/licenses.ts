// Licences of packages as SPDX documents want them: an expression of known identifiers, and a definition of its own for every other text.
import { licenseExpression } from "./license-expression.ts";

export interface Licenses {
  /** All licences joined by AND; NOASSERTION for none. */
  expressionOf(licenses: readonly string[]): string;
  /** Definitions of the texts that were no expressions, in the order of their first use. */
  extracted(): readonly object[];
}

export function createLicenses(): Licenses {
  const references = new Map<string, string>();
  const reference = (text: string): string => {
    const known = references.get(text) ?? `LicenseRef-${references.size + 1}${slugOf(text)}`;
    references.set(text, known);
    return known;
  };
  return {
    expressionOf: (licenses) => {
      const parts = licenses
        .filter((text) => text.trim() !== "")
        .map((text) => licenseExpression(text) ?? reference(text));
      if (parts.length === 0) return "NOASSERTION";
      if (parts.length === 1) return parts[0] ?? "NOASSERTION";
      return parts.map((part) => (/ OR /.test(part) && !part.startsWith("(") ? `(${part})` : part)).join(" AND ");
    },
    extracted: () =>
      [...references].map(([text, licenseId]) => ({ licenseId, name: text.slice(0, 200), extractedText: text })),
  };
}

/** "-Ruby-license": readable, of the letters that an identifier may have. */
function slugOf(text: string): string {
  const slug = text
    .replace(/[^A-Za-z0-9.]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 40)
    .replace(/-$/, "");
  return slug === "" ? "" : `-${slug}`;
}

// Identifiers of products as documents write them, sorted into what we can compare: package URLs, CPE names, digests.
import { toFault } from "../../../base/fault.ts";
import { normalised } from "../../sbom/purl-types.ts";
import { readPurl, type PurlParts } from "../../sbom/purl.ts";
import type { Problems } from "./problems.ts";
import type { VexProduct } from "./statement.ts";

export interface Identifiers {
  readonly id: string;
  readonly purls?: readonly string[];
  readonly cpes?: readonly string[];
  readonly digests?: readonly string[];
  readonly versions?: readonly string[];
}

/** A product of the identifiers; a package URL that is none is a problem, the others still count. */
export function productOf(
  given: Identifiers,
  problems: Problems,
  subcomponents: readonly VexProduct[] = [],
): VexProduct {
  const purls: PurlParts[] = [];
  for (const text of new Set([...(given.id.startsWith("pkg:") ? [given.id] : []), ...(given.purls ?? [])])) {
    if (text === "") continue;
    try {
      const purl = normalised(readPurl(text));
      purls.push(purl);
      if (isAnybodys(purl))
        problems.add("an image is named without its repository and digest: that is no image's name");
    } catch (error) {
      problems.add(toFault(error).message);
    }
  }
  const digest = /(?:^|@)(sha(?:256|512):[0-9a-f]{64,128})$/.exec(given.id)?.[1];
  return {
    id: given.id,
    purls,
    cpes: (given.cpes ?? []).filter((cpe) => cpe !== "").map((cpe) => cpe.toLowerCase()),
    digests: [...new Set([...(digest === undefined ? [] : [digest]), ...(given.digests ?? [])])],
    subcomponents,
    versions: given.versions ?? [],
  };
}

function isAnybodys({ type, version, qualifiers }: PurlParts): boolean {
  return type === "oci" && qualifiers["repository_url"] === undefined && !/^sha(?:256|512):/.test(version);
}

/** "sha-256" and "SHA256" with a hex value -> "sha256:..."; anything else "". */
export function digestOf(algorithm: string, value: string): string {
  const name = algorithm.toLowerCase().replaceAll("-", "");
  return /^sha(256|512)$/.test(name) && /^[0-9a-fA-F]{64,128}$/.test(value) ? `${name}:${value.toLowerCase()}` : "";
}

// An exception in words, and the draft of one: where it holds is chosen from narrow to wide.
import type { Exception } from "../../../../src/model/exception.ts";
import type { ExceptionRow, ImagePackage, VulnerabilityMatch } from "./image-words.ts";

export const exceptionStateWords: Readonly<Record<ExceptionRow["state"], string>> = {
  "in-force": "In force",
  "ends-soon": "Ends soon",
  expired: "Expired",
  "covers-nothing": "Covers nothing",
};

const partWords = {
  image: "image",
  repository: "repository",
  workload: "workload",
  purl: "package",
  path: "path",
} as const;

/** "repository shop/web, package pkg:deb/debian/zlib1g". */
export function scopeText({ scope }: Pick<Exception, "scope">): string {
  const parts = (Object.keys(partWords) as (keyof typeof partWords)[]).flatMap((part) => {
    const value = scope[part];
    return value === undefined ? [] : [`${partWords[part]} ${value}`];
  });
  if (parts.length === 0) return "anywhere";
  return parts.join(", ");
}

export const widths = ["package-here", "package-repository", "package", "image", "any"] as const;
export type Width = (typeof widths)[number];

export const widthWords: Readonly<Record<Width, string>> = {
  "package-here": "This package in this image",
  "package-repository": "This package in every tag of this repository",
  package: "This package in every image",
  image: "The whole image",
  any: "Everywhere",
};

export interface DraftFrom {
  readonly match: Pick<VulnerabilityMatch, "purl" | "vulnerability">;
  readonly digest: string;
  readonly reference: string;
}

/** A package URL without its version and qualifiers: any version. */
export function anyVersion(purl: string): string {
  return purl.replace(/[?#].*$/, "").replace(/@[^@/]*$/, "");
}

/** "registry/shop/web:1" -> "registry/shop/web". */
export function repositoryOf(reference: string): string {
  return reference.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
}

export function scopeFor(width: Width, { match, digest, reference }: DraftFrom): Exception["scope"] {
  switch (width) {
    case "package-here":
      return { image: digest, purl: anyVersion(match.purl) };
    case "package-repository":
      return { repository: repositoryOf(reference), purl: anyVersion(match.purl) };
    case "package":
      return { purl: anyVersion(match.purl) };
    case "image":
      return { image: digest };
    case "any":
      return { any: true };
  }
}

/** A resource's name from what it accepts and where: lower-case letters, digits and "-". */
export function exceptionName(vulnerability: string, where: string): string {
  const plain = `${vulnerability}-${where}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return plain.replace(/^-+/, "").slice(0, 120).replace(/-+$/, "") || "exception";
}

/** Of a package of the list: its name without what a URL adds. */
export function packageTitle(each: Pick<ImagePackage, "name" | "namespace" | "type">): string {
  if (each.type === "maven" && each.namespace !== "") return `${each.namespace}:${each.name}`;
  if ((each.type === "npm" || each.type === "golang" || each.type === "composer") && each.namespace !== "")
    return `${each.namespace}/${each.name}`;
  return each.name;
}

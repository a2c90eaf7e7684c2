// What statements and exceptions are held against: the image by all its names, and its packages.
import type { SoftwarePackage } from "../../../model/software-package.ts";
import { packageOfPurl } from "../../sbom/formats/purl-package.ts";
import { normalised } from "../../sbom/purl-types.ts";
import { purlOf, readPurl, type PurlParts } from "../../sbom/purl.ts";

export interface SuppressionImage {
  /** As it was named: "registry:5000/shop/web:1.2", "nginx", "docker.io/library/nginx@sha256:...". */
  readonly references: readonly string[];
  /** "sha256:..." of manifest, index, configuration. */
  readonly digests: readonly string[];
  /** "namespace/name" of what runs it; empty when nothing does, or nobody knows. */
  readonly workloads: readonly string[];
  /** Of its analysis: a match's `package` is an index into these. */
  readonly packages: readonly SoftwarePackage[];
}

/** A package's URLs: its own, and the one of its source package as distributions' documents write it. */
export interface PackageNames {
  readonly purls: readonly PurlParts[];
  readonly cpes: ReadonlySet<string>;
}

export function namesOfPackage(subject: SoftwarePackage): PackageNames {
  // Letter case as the type has it, so that both sides are written alike.
  const own = normalised(readPurl(purlOf(subject)));
  const source: PurlParts | undefined =
    subject.type !== "deb" && subject.type !== "apk"
      ? undefined
      : {
          ...own,
          name: subject.source?.name.toLowerCase() ?? own.name,
          version: subject.source?.version || own.version,
          qualifiers: { ...own.qualifiers, arch: "source" },
        };
  return {
    purls: source === undefined ? [own] : [own, source],
    cpes: new Set(subject.cpes.map((cpe) => cpe.toLowerCase())),
  };
}

export interface ReferenceParts {
  /** "registry:5000/shop/web". */
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** Splits without adding what is not written; docker's short names get their long form as a second one. */
export function splitReference(text: string): ReferenceParts {
  const at = text.indexOf("@");
  const bare = at < 0 ? text : text.slice(0, at);
  const colon = bare.lastIndexOf(":");
  const hasTag = colon > bare.lastIndexOf("/");
  return {
    repository: hasTag ? bare.slice(0, colon) : bare,
    tag: hasTag ? bare.slice(colon + 1) : "",
    digest: at < 0 ? "" : text.slice(at + 1),
  };
}

/** "nginx" is "docker.io/library/nginx", too; and the other way round. */
export function repositoryNames(repository: string): readonly string[] {
  const first = repository.split("/", 1)[0] ?? "";
  const isQualified = repository.includes("/") && (first.includes(".") || first.includes(":") || first === "localhost");
  if (!isQualified) {
    const long = repository.includes("/") ? `docker.io/${repository}` : `docker.io/library/${repository}`;
    return [repository, long];
  }
  const short = /^(?:index\.)?docker\.io\/(?:library\/)?(.+)$/.exec(repository)?.[1];
  return short === undefined ? [repository] : [repository, short];
}

/** A version as packages have it: an epoch in front. */
export function versionOf(parts: PurlParts): string {
  return packageOfPurl(parts).version;
}

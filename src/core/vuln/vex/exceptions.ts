// Exceptions: whether one is in force, and whether its scope holds for a finding. All given fields must hold.
import { parseInstantMs } from "../../../base/instant.ts";
import type { Exception, ExceptionScope } from "../../../model/exception.ts";
import type { Suppression } from "../../../model/vulnerability-match.ts";
import { normalised } from "../../sbom/purl-types.ts";
import { readPurl, type PurlParts } from "../../sbom/purl.ts";
import { matchesGlob } from "./glob.ts";
import { repositoryNames, splitReference, type PackageNames, type SuppressionImage } from "./image-subject.ts";
import { isOfPurl } from "./product.ts";

export interface NamedException {
  readonly name: string;
  readonly spec: Exception;
}

const dayMs = 86_400_000;
/** How long before its end an exception is told about. */
export const exceptionSoonMs = 14 * dayMs;

/** The moment it counts no more: of a date the end of that day in UTC. */
export function exceptionEnd({ expires }: Pick<Exception, "expires">): number {
  const ms = parseInstantMs(expires) ?? 0;
  return /^\d{4}-\d\d-\d\d$/.test(expires) ? ms + dayMs : ms;
}

export function exceptionState(spec: Exception, nowMs: number): "in-force" | "ends-soon" | "expired" {
  const leftMs = exceptionEnd(spec) - nowMs;
  if (leftMs <= 0) return "expired";
  return leftMs <= exceptionSoonMs ? "ends-soon" : "in-force";
}

/** What a finding is, for an exception: a vulnerability in a package, a secret in a file, an advice rule. */
export interface ExceptionSubject {
  /** Any of its names: CVE and aliases; "secret/private-key"; "image/root-user". */
  readonly names: readonly string[];
  /** Where it was seen; an exception by path must hold for every one of them. */
  readonly paths: readonly string[];
  readonly package: PackageNames | undefined;
}

/** An exception made ready for many findings. */
export interface ReadyException extends NamedException {
  readonly endMs: number;
  readonly purl: PurlParts | undefined;
  /** Whether the image-wide part of the scope holds. */
  readonly isForImage: boolean;
}

/** Of those in force, ready for the image; a scope with a package URL that is none never holds. */
export function readyExceptions(
  exceptions: readonly NamedException[],
  image: SuppressionImage,
  nowMs: number,
): readonly ReadyException[] {
  return exceptions
    .filter(({ spec }) => exceptionEnd(spec) > nowMs)
    .map((exception) => ({
      ...exception,
      endMs: exceptionEnd(exception.spec),
      purl: purlOrNone(exception.spec.scope.purl),
      isForImage: isForImage(exception.spec.scope, image),
    }))
    .filter(({ spec, purl, isForImage }) => isForImage && (spec.scope.purl === undefined || purl !== undefined));
}

/** The first that holds for the finding. */
export function exceptionFor(subject: ExceptionSubject, ready: readonly ReadyException[]): ReadyException | undefined {
  return ready.find((exception) => isAbout(exception, subject));
}

/** What the exception says, as it stands beside a finding. */
export function suppressionBy({ name, spec }: NamedException): Suppression {
  return {
    by: "exception",
    name,
    status: spec.status,
    justification: spec.justification ?? "",
    reason: spec.reason,
    owner: spec.owner,
    expiresAt: spec.expires,
  };
}

function isAbout({ spec, purl }: ReadyException, subject: ExceptionSubject): boolean {
  const wanted = spec.vulnerability.toLowerCase();
  if (wanted === "*") {
    // Everything of everywhere is nobody's decision.
    const { path, purl: scoped, image, repository } = spec.scope;
    if (path === undefined && scoped === undefined && image === undefined && repository === undefined) return false;
  } else if (!subject.names.some((name) => name.toLowerCase() === wanted)) return false;
  const { path } = spec.scope;
  if (path !== undefined && (subject.paths.length === 0 || !subject.paths.every((one) => matchesGlob(path, one))))
    return false;
  return purl === undefined || (subject.package?.purls.some((own) => isOfPurl(purl, own)) ?? false);
}

function isForImage(scope: ExceptionScope, image: SuppressionImage): boolean {
  const { repository, image: wanted, workload } = scope;
  const references = image.references.map(splitReference);
  if (repository !== undefined) {
    const names = references.flatMap((parts) => repositoryNames(parts.repository));
    if (!names.some((name) => matchesGlob(repository, name))) return false;
  }
  if (wanted !== undefined) {
    // A digest without a tag is not "latest": what that tag means today says nothing about it.
    const tagged = references
      .filter(({ tag, digest }) => tag !== "" || digest === "")
      .flatMap(({ repository: own, tag }) =>
        repositoryNames(own).map((name) => `${name}:${tag === "" ? "latest" : tag}`),
      );
    const wantedDigest = wanted.slice(wanted.indexOf("@") + 1);
    const isIt =
      image.digests.includes(wantedDigest) ||
      [...image.references, ...tagged].some((name) => matchesGlob(wanted, name));
    if (!isIt) return false;
  }
  // What one workload accepts must not silence the same finding for another that runs the image.
  return (
    workload === undefined ||
    (image.workloads.length > 0 && image.workloads.every((name) => matchesGlob(workload, name)))
  );
}

function purlOrNone(text: string | undefined): PurlParts | undefined {
  if (text === undefined) return undefined;
  try {
    return normalised(readPurl(text));
  } catch {
    // The schema only looks at its beginning; readyExceptions leaves it out, and the caller's check of manifests tells.
    return undefined;
  }
}

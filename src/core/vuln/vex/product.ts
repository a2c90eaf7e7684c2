// Whether what a statement speaks of is this image, or this package: package URLs with whatever they leave open, digests, CPE names only when they are the same.
import { systemOfPurl } from "../../sbom/formats/operating-system.ts";
import type { PurlParts } from "../../sbom/purl.ts";
import {
  repositoryNames,
  splitReference,
  versionOf,
  type PackageNames,
  type SuppressionImage,
} from "./image-subject.ts";
import type { VexProduct } from "./statement.ts";

/** What of one image products are compared with; made once for all statements. */
export interface ProductSubject {
  readonly image: SuppressionImage;
  /** By index of the package; made when asked for. */
  namesOf(index: number): PackageNames;
  /** Whether any package of the image is of the product; remembered. */
  holds(product: VexProduct): boolean;
}

/** Whether the product (with its subcomponents) means the package at `index`, and with it this image. */
export function coversPackage(product: VexProduct, index: number, subject: ProductSubject): boolean {
  const isImage = isThisImage(product, subject.image);
  if (product.subcomponents.length === 0) return isImage || isPackage(product, subject.namesOf(index));
  if (!product.subcomponents.some((one) => isPackage(one, subject.namesOf(index)))) return false;
  return isImage || subject.holds(product) || isUncheckedPlatform(product, index, subject);
}

/**
 * "Component of platform", where the platform is only named by a CPE or a word: nothing here can say whether that is what runs. The component alone decides, and
 * only when it names a version.
 */
function isUncheckedPlatform(product: VexProduct, index: number, subject: ProductSubject): boolean {
  if (product.purls.length > 0 || product.digests.length > 0) return false;
  const isPlatform = product.cpes.length > 0 && product.cpes.every((cpe) => /^cpe:(?:\/o|2\.3:o)/.test(cpe));
  const named = product.subcomponents.filter(({ purls }) => purls.some(({ version }) => version !== ""));
  return isPlatform && named.some((one) => isPackage(one, subject.namesOf(index)));
}

export function isPackage(product: VexProduct, { purls, cpes }: PackageNames): boolean {
  if (product.versions.length > 0 && !purls.some((own) => product.versions.includes(versionOf(own)))) return false;
  if (product.purls.some((wanted) => purls.some((own) => isOfPurl(wanted, own)))) return true;
  return product.purls.length === 0 && product.cpes.some((cpe) => cpes.has(cpe));
}

/** `wanted` leaves open what it does not say: version, any qualifier. `distro` is compared as a distribution and release, not as letters. */
export function isOfPurl(wanted: PurlParts, own: PurlParts): boolean {
  if (wanted.type !== own.type || wanted.name !== own.name || wanted.namespace !== own.namespace) return false;
  if (wanted.version !== "" && wanted.version !== own.version && versionOf(wanted) !== versionOf(own)) return false;
  return Object.entries(wanted.qualifiers).every(
    ([key, value]) =>
      own.qualifiers[key] === value ||
      (key === "distro" && isSameDistro(wanted, own)) ||
      (key === "epoch" && versionOf(wanted) === versionOf(own)),
  );
}

function isSameDistro(wanted: PurlParts, own: PurlParts): boolean {
  const [left, right] = [systemOfPurl(wanted), systemOfPurl(own)];
  if (left === undefined || right === undefined || left.id !== right.id) return false;
  const isOf = (release: string, point: string): boolean => point === release || point.startsWith(`${release}.`);
  return isOf(left.versionId, right.versionId);
}

export function isThisImage(product: VexProduct, image: SuppressionImage): boolean {
  if (product.digests.some((digest) => image.digests.includes(digest))) return true;
  if (product.purls.some((purl) => isImagePurl(purl, image))) return true;
  if (product.purls.length > 0 || product.id === "") return false;
  // A plain reference: with a digest only that decides.
  const { repository, tag, digest } = splitReference(product.id);
  return digest === "" && tag !== "" && isReference(repository, tag, image);
}

function isImagePurl(purl: PurlParts, image: SuppressionImage): boolean {
  if (purl.type !== "oci" && purl.type !== "docker") return false;
  const version = purl.version;
  const isDigest = version.startsWith("sha256:") || version.startsWith("sha512:");
  if (isDigest) return image.digests.includes(version);
  const place = purl.qualifiers["repository_url"] ?? "";
  // The last part of a name alone is anybody's: evil.example/team/nginx is "nginx", too. `productOf` tells.
  if (place === "" && purl.type === "oci") return false;
  const own = purl.namespace === "" ? purl.name : `${purl.namespace}/${purl.name}`;
  // Of oci the whole repository, of docker the registry.
  const repository = place === "" ? own : purl.type === "docker" ? `${place}/${own}` : place;
  const tag = version === "" ? (purl.qualifiers["tag"] ?? "") : version;
  return isReference(repository, tag, image);
}

/** A tag says nothing about an image that is named by its digest: the tag may have moved. */
function isReference(repository: string, tag: string, image: SuppressionImage): boolean {
  const wanted = repositoryNames(repository);
  return image.references.some((reference) => {
    const parts = splitReference(reference);
    if (tag !== "" && (parts.tag !== tag || parts.digest !== "")) return false;
    return repositoryNames(parts.repository).some((name) => wanted.includes(name));
  });
}

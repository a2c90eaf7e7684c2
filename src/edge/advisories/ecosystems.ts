// Names of ecosystems as this database keeps them, whichever feed says them, and the order of versions that each has.
import type { VersionScheme } from "../../core/vuln/advisory.ts";
import { refuse } from "./read/json-values.ts";

/** By the part of an ecosystem before its ":". What is not here has no order: only listed versions match (`generic`). */
const schemes: Readonly<Record<string, VersionScheme>> = {
  Debian: "deb",
  Ubuntu: "deb",
  Echo: "deb",
  Alpine: "apk",
  Alpaquita: "apk",
  BellSoft: "apk",
  "BellSoft Hardened Containers": "apk",
  Chainguard: "apk",
  CleanStart: "apk",
  MinimOS: "apk",
  Wolfi: "apk",
  AlmaLinux: "rpm",
  "Amazon Linux": "rpm",
  "Azure Linux": "rpm",
  "CBL-Mariner": "rpm",
  Mageia: "rpm",
  "Oracle Linux": "rpm",
  "Photon OS": "rpm",
  "Red Hat": "rpm",
  "Red Hat extended": "rpm",
  "Rocky Linux": "rpm",
  SUSE: "rpm",
  openEuler: "rpm",
  openSUSE: "rpm",
  PyPI: "pep440",
  Maven: "maven",
  RubyGems: "gem",
  NuGet: "nuget",
  Packagist: "composer",
  Go: "golang",
  Kubernetes: "golang",
  npm: "semver",
  "crates.io": "semver",
  Bitnami: "semver",
  "GitHub Actions": "semver",
  Hex: "semver",
  Pub: "semver",
  SwiftURL: "semver",
  VSCode: "semver",
  Julia: "semver",
};

export function schemeOf(ecosystem: string): VersionScheme {
  const name = ecosystem.split(":", 1)[0] ?? "";
  return Object.hasOwn(schemes, name) ? (schemes[name] ?? "generic") : "generic";
}

export interface EcosystemName {
  readonly ecosystem: string;
  /** Of fixes that only subscribers get; "" else. */
  readonly pocket: string;
}

/** "Ubuntu:Pro:18.04:LTS" -> Ubuntu:18.04 of pocket "pro"; "Red Hat:enterprise_linux:9::appstream" -> Red Hat:9; "Maven:https://..." -> Maven. */
export function ecosystemOf(written: string): EcosystemName {
  const [name = "", ...rest] = written.split(":");
  if (name === "") throw refuse("it names no ecosystem");
  if (written.length > 128) throw refuse("its ecosystem's name is longer than 128 characters");
  const suffix = rest.join(":");
  if (name === "Ubuntu") return ubuntu(rest);
  if (name === "Red Hat") return redHat(suffix);
  if (name === "Maven") return { ecosystem: "Maven", pocket: "" };
  if (name === "Alpine" && /^\d/.test(suffix)) return { ecosystem: `Alpine:v${suffix}`, pocket: "" };
  return { ecosystem: suffix === "" ? name : `${name}:${suffix}`, pocket: "" };
}

function ubuntu(words: readonly string[]): EcosystemName {
  const release = words.find((word) => /^\d\d\.\d\d$/.test(word));
  const isPro = words[0] === "Pro";
  const pocket = isPro
    ? ["pro", ...words.slice(1, words.indexOf(release ?? "")).map((word) => word.toLowerCase())].join("-")
    : "";
  return { ecosystem: release === undefined ? "Ubuntu" : `Ubuntu:${release}`, pocket };
}

/**
 * A Red Hat product by the rest of its CPE. What every subscriber of a release gets is "Red Hat:9"; extended lifetimes are products apart
 * ("Red Hat extended:rhel_eus:9.2"), and so is layered software ("Red Hat extended:openshift:4.15"): never offered to, nor held against, a plain RHEL.
 */
export function redHat(cpe: string): EcosystemName {
  const [product = "", version = ""] = cpe.replace(/^cpe:\/[oah]:redhat:/, "").split(":");
  if (/^\d+(\.\d+)?$/.test(product)) return { ecosystem: `Red Hat:${product.split(".")[0]}`, pocket: "" };
  const release = version.split(".")[0] ?? "";
  if (product === "enterprise_linux" && release !== "") return { ecosystem: `Red Hat:${release}`, pocket: "" };
  if (product === "") throw refuse("its product has no CPE");
  return { ecosystem: ["Red Hat extended", product, version].filter((word) => word !== "").join(":"), pocket: "" };
}

/** How advisories and packages of an ecosystem write one name the same. */
export function packageNameOf(ecosystem: string, name: string): string {
  const kind = ecosystem.split(":", 1)[0] ?? "";
  if (kind === "PyPI") return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
  if (kind === "NuGet" || kind === "Packagist" || kind === "GitHub Actions") return name.toLowerCase();
  return name;
}

// Names of ecosystems as this database keeps them, whichever feed says them, and the order of versions that each has.
import type { VersionScheme } from "../../core/vuln/advisory.ts";
import { schemeOfEcosystem } from "../../core/vuln/match/ecosystems.ts";
import { refuse } from "./read/json-values.ts";

/** Families that matchers do not ask, but whose order is known. */
const moreSchemes: Readonly<Record<string, VersionScheme>> = { "BellSoft Hardened Containers": "apk" };

export function schemeOf(ecosystem: string): VersionScheme {
  const name = ecosystem.split(":", 1)[0] ?? "";
  return Object.hasOwn(moreSchemes, name) ? (moreSchemes[name] ?? "generic") : schemeOfEcosystem(ecosystem);
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
  if (name === "BellSoft") return { ecosystem: suffix === "" ? "Alpaquita" : `Alpaquita:${suffix}`, pocket: "" };
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

const debianReleases: Readonly<Record<string, string>> = {
  wheezy: "7",
  jessie: "8",
  stretch: "9",
  buster: "10",
  bullseye: "11",
  bookworm: "12",
  trixie: "13",
  forky: "14",
  duke: "15",
  sid: "sid",
};

/** "bookworm" -> "Debian:12"; undefined for a name that is not known. */
export function debianEcosystem(codename: string): string | undefined {
  return Object.hasOwn(debianReleases, codename) ? `Debian:${debianReleases[codename] ?? ""}` : undefined;
}

const ubuntuReleases: Readonly<Record<string, string>> = {
  precise: "12.04",
  trusty: "14.04",
  xenial: "16.04",
  bionic: "18.04",
  focal: "20.04",
  jammy: "22.04",
  lunar: "23.04",
  mantic: "23.10",
  noble: "24.04",
  oracular: "24.10",
  plucky: "25.04",
  questing: "25.10",
  resolute: "26.04",
};

/** "esm-apps/jammy" -> Ubuntu:22.04 of pocket "esm-apps"; undefined for a name that is not known. */
export function ubuntuEcosystem(distro: string): EcosystemName | undefined {
  const words = distro.split("/");
  const release = words.at(-1) ?? "";
  if (/^\d\d\.\d\d$/.test(release)) return { ecosystem: `Ubuntu:${release}`, pocket: words.slice(0, -1).join("-") };
  if (!Object.hasOwn(ubuntuReleases, release)) return undefined;
  return { ecosystem: `Ubuntu:${ubuntuReleases[release] ?? ""}`, pocket: words.slice(0, -1).join("-") };
}

// Under which names advisories speak of a package: source package and origin of distributions, registries' own spelling of languages, vendor:product of classified
// binaries. Every key says why it is not the package's own name.
import type { OperatingSystem } from "../../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../../model/software-package.ts";
import type { AdvisoryKey } from "../advisory.ts";
import { goToolchainVersion } from "../versions/golang.ts";
import { osEcosystems, schemeOfEcosystem } from "./ecosystems.ts";

const distributionTypes = new Set(["deb", "apk", "rpm", "opkg"]);

/** Packages whose advisories are a distribution's, whichever it is. */
export function isDistributionPackage(type: string): boolean {
  return distributionTypes.has(type);
}

/** A registry's spelling, so that advisory and package meet. */
export function advisoryName(ecosystem: string, name: string): string {
  switch (ecosystem.split(":", 1)[0]) {
    case "PyPI":
      return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
    case "NuGet":
    case "Packagist":
    case "GitHub Actions":
    case "Bitnami":
    case "CPE":
    case "Hex":
    case "Pub":
      return name.toLowerCase();
    default:
      return name;
  }
}

const ecosystemsByType = new Map([
  ["npm", "npm"],
  ["pypi", "PyPI"],
  ["golang", "Go"],
  ["maven", "Maven"],
  ["gem", "RubyGems"],
  ["cargo", "crates.io"],
  ["composer", "Packagist"],
  ["nuget", "NuGet"],
  ["hex", "Hex"],
  ["pub", "Pub"],
  ["swift", "SwiftURL"],
  ["cran", "CRAN"],
  ["hackage", "Hackage"],
  ["conan", "ConanCenter"],
  ["githubactions", "GitHub Actions"],
  ["bitnami", "Bitnami"],
  ["julia", "Julia"],
  ["vscode-extension", "VSCode"],
]);

/** The registry's ecosystem of a package URL's type; undefined: nobody's advisories are looked at for it. */
export function ecosystemOfType(type: string): string | undefined {
  return ecosystemsByType.get(type);
}

function registryName(subject: SoftwarePackage): string {
  const { namespace, name, type } = subject;
  if (namespace === "") return name;
  return type === "maven" ? `${namespace}:${name}` : `${namespace}/${name}`;
}

function registryKey(subject: SoftwarePackage, ecosystem: string): AdvisoryKey {
  const name = advisoryName(ecosystem, registryName(subject));
  const key = { ecosystem, name, scheme: schemeOfEcosystem(ecosystem), because: "" };
  if (subject.type === "bitnami") {
    // "14.5.0-7" is the seventh build of 14.5.0, not a pre-release.
    const version = subject.version.replace(/-[0-9]+$/, "");
    return { ...key, version };
  }
  if (subject.type === "golang") {
    const version = goToolchainVersion(subject.version);
    const isToolchain = name === "stdlib" || name === "toolchain";
    return { ...key, version, because: isToolchain ? `Go's ${name === "stdlib" ? "standard library" : name}` : "" };
  }
  return { ...key, version: subject.version };
}

const binaryRebuild = /\+b[0-9]+$/;

/** The source's version: a rebuild of binaries alone ("+b1") has the source of the version before it. */
function sourceVersion(subject: SoftwarePackage): string {
  const given = subject.source?.version ?? "";
  if (given !== "") return given;
  return subject.type === "deb" ? subject.version.replace(binaryRebuild, "") : subject.version;
}

function sourceWords(subject: SoftwarePackage): string {
  const source = subject.source?.name ?? subject.name;
  if (source === subject.name) return "";
  return `${subject.type === "apk" ? "origin" : "source package"} ${source} of ${subject.name}`;
}

/** The system that a package says it is of, when the image does not: qualifier distro=debian-12. */
export function systemOf(subject: SoftwarePackage, system: OperatingSystem | undefined): OperatingSystem | undefined {
  if (system !== undefined && system.id !== "") return system;
  const distro = subject.qualifiers["distro"] ?? "";
  const cut = distro.lastIndexOf("-");
  if (distro === "") return namespaceSystem(subject);
  const id = cut === -1 ? distro : distro.slice(0, cut);
  const versionId = cut === -1 ? "" : distro.slice(cut + 1);
  const isNumber = /^[0-9]/.test(versionId);
  return { id, versionId: isNumber ? versionId : "", codename: isNumber ? "" : versionId, name: "", idLike: [] };
}

/** Rolling distributions need no release: their namespace is enough. */
function namespaceSystem(subject: SoftwarePackage): OperatingSystem | undefined {
  if (!["wolfi", "chainguard", "minimos"].includes(subject.namespace)) return undefined;
  return { id: subject.namespace, versionId: "", codename: "", name: "", idLike: [] };
}

const signedKernel = /^linux-signed(-.+?)??(?:-(?:amd64|arm64|armhf|i386|ppc64el|riscv64|s390x))?$/;
const signedGrub = /^grub-efi-[a-z0-9]+-signed$/;

/** The source whose code a signed one holds, of which advisories speak: "linux" of "linux-signed-amd64", "linux-hwe-5.15" of "linux-signed-hwe-5.15". */
function unsignedSource(name: string): string | undefined {
  const kernel = signedKernel.exec(name);
  if (kernel !== null) return `linux${kernel[1] ?? ""}`;
  return signedGrub.test(name) ? "grub2" : undefined;
}

/** Names that advisories may speak of a source package by: its own, and of a signed one the one whose code it holds. */
export function sourceNames(name: string): readonly string[] {
  const unsigned = unsignedSource(name);
  return unsigned === undefined ? [name] : [name, unsigned];
}

/** "6.1.4-1" of Debian's "6.1.4+1" (Ubuntu gives signed kernels the kernel's own version), "2.06-13+deb12u1" of "1+2.06+13+deb12u1". */
function unsignedVersion(version: string, name: string): string {
  const inner = name === "grub2" ? version.replace(/^\d+\+(?=\d)/, "") : version;
  return inner.includes("-") ? inner : inner.replace("+", "-");
}

/** Debian's and Ubuntu's kernels and boot loaders come from a source that only signs another one's binaries. */
function signedKeys(key: AdvisoryKey): readonly AdvisoryKey[] {
  const name = key.scheme === "deb" ? unsignedSource(key.name) : undefined;
  if (name === undefined) return [key];
  const version = unsignedVersion(key.version, name);
  const words = `${key.name} signs the binaries of ${name} ${version}`;
  return [key, { ...key, name, version, because: key.because === "" ? words : `${key.because}; ${words}` }];
}

/** Why no advisories fit a distribution's package; "" when some do. */
export function systemProblem(subject: SoftwarePackage, system: OperatingSystem | undefined): string {
  const { ecosystems, problem } = osEcosystems(system);
  const first = ecosystems[0];
  if (first === undefined) return problem;
  const scheme = schemeOfEcosystem(first);
  return scheme === subject.type ? "" : `${first} speaks of ${scheme} packages, not of ${subject.type}`;
}

function distributionKeys(subject: SoftwarePackage, given: OperatingSystem | undefined): readonly AdvisoryKey[] {
  const system = osEcosystems(systemOf(subject, given));
  const source = subject.source?.name ?? subject.name;
  const wantsSource = system.names !== "binary";
  const wantsBinary = system.names !== "source";
  const keys: AdvisoryKey[] = [];
  for (const ecosystem of system.ecosystems) {
    const scheme = schemeOfEcosystem(ecosystem);
    // dpkg's packages in Alpine, rpm's in Debian: the system's advisories speak of its own format.
    if (scheme !== subject.type) continue;
    const join = (words: string): string => [words, system.because].filter((part) => part !== "").join("; ");
    if (wantsBinary) keys.push({ ecosystem, name: subject.name, version: subject.version, scheme, because: join("") });
    if (wantsSource && !(wantsBinary && source === subject.name))
      keys.push(
        ...signedKeys({
          ecosystem,
          name: source,
          version: sourceVersion(subject),
          scheme,
          because: join(sourceWords(subject)),
          ...(subject.type === "rpm" && source !== subject.name ? { isEpochUnknown: true } : {}),
        }),
      );
  }
  return keys;
}

const cpePart = /(?:\\.|[^:\\])*/y;

/** The parts of a CPE 2.3 name after "cpe:2.3:", escapes undone. */
export function cpeParts(cpe: string): readonly string[] {
  const parts: string[] = [];
  let at = "cpe:2.3:".length;
  if (!cpe.startsWith("cpe:2.3:")) return parts;
  while (at <= cpe.length && parts.length < 11) {
    cpePart.lastIndex = at;
    const text = cpePart.exec(cpe)?.[0] ?? "";
    parts.push(text.replaceAll(/\\(.)/g, "$1"));
    at += text.length + 1;
  }
  return parts;
}

/** Classified binaries alone: names of CPEs are guesses for everything that has a registry. */
function cpeKeys(subject: SoftwarePackage): readonly AdvisoryKey[] {
  const keys = new Map<string, AdvisoryKey>();
  for (const cpe of subject.cpes) {
    const [, vendor = "", product = "", version = ""] = cpeParts(cpe);
    if (vendor === "" || vendor === "*" || product === "" || product === "*") continue;
    const name = advisoryName("CPE", `${vendor}:${product}`);
    const isGiven = version !== "" && version !== "*" && version !== "-";
    keys.set(name, {
      ecosystem: "CPE",
      name,
      version: subject.version === "" && isGiven ? version : subject.version,
      scheme: "generic",
      because: `CPE ${name} of the classified binary ${subject.name}`,
    });
  }
  return [...keys.values()];
}

/** Maven's advisories name group and artifact: an archive that tells no group cannot be looked up. */
export function isNameless({ type, namespace, name }: SoftwarePackage): boolean {
  return type === "maven" && namespace === "" && !name.includes(":");
}

/** All keys to ask; none: nobody's advisories speak of this type (or of this system: `osEcosystems` says why). */
export function keysOf(subject: SoftwarePackage, system: OperatingSystem | undefined): readonly AdvisoryKey[] {
  if (isDistributionPackage(subject.type)) return distributionKeys(subject, system);
  if (subject.type === "generic") return cpeKeys(subject);
  const ecosystem = ecosystemOfType(subject.type);
  if (isNameless(subject)) return [];
  return ecosystem === undefined ? [] : [registryKey(subject, ecosystem)];
}

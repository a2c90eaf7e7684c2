// Which advisories speak of an operating system's packages: names of ecosystems as the database has them. Derivatives are judged by their parent's advisories only
// where they ship the parent's packages under the parent's version numbers; that is said in every match.
import type { OperatingSystem } from "../../../model/image-analysis.ts";
import type { VersionScheme } from "../advisory.ts";

export interface OsEcosystems {
  /** All are asked. Empty: nobody's advisories fit, `problem` says why. */
  readonly ecosystems: readonly string[];
  /** "Raspberry Pi OS 12 is judged by Debian's advisories"; "" when they are its own. */
  readonly because: string;
  readonly problem: string;
  /** rpm: whether advisories name binary packages only, or source packages as well. */
  readonly names: "source" | "binary" | "both";
}

const debianReleases = new Map([
  ["stretch", "9"],
  ["buster", "10"],
  ["bullseye", "11"],
  ["bookworm", "12"],
  ["trixie", "13"],
  ["forky", "14"],
  ["duke", "15"],
]);

const ubuntuReleases = new Map([
  ["trusty", "14.04"],
  ["xenial", "16.04"],
  ["bionic", "18.04"],
  ["focal", "20.04"],
  ["jammy", "22.04"],
  ["noble", "24.04"],
  ["resolute", "26.04"],
]);

/** Devuan's numbers lag behind Debian's. */
const devuanBehind = 7;

function major(version: string): string {
  return version.split(".")[0] ?? "";
}

function known(ecosystems: readonly string[], names: OsEcosystems["names"], because = ""): OsEcosystems {
  return { ecosystems, because, problem: "", names };
}

function unknown(problem: string): OsEcosystems {
  return { ecosystems: [], because: "", problem, names: "source" };
}

function versionless(system: OperatingSystem): OsEcosystems {
  return unknown(`the release of ${system.name || system.id} is not known`);
}

function debian(system: OperatingSystem): OsEcosystems {
  const release = major(system.versionId) || debianReleases.get(system.codename);
  return release === undefined ? versionless(system) : known([`Debian:${release}`], "source");
}

function ubuntu(system: OperatingSystem): OsEcosystems {
  const release = system.versionId || ubuntuReleases.get(system.codename);
  return release === undefined ? versionless(system) : known([`Ubuntu:${release}`], "source");
}

function alpine(system: OperatingSystem): OsEcosystems {
  const found = /^([0-9]+)\.([0-9]+)/.exec(system.versionId);
  if (system.versionId === "edge" || /_alpha|_git/.test(system.versionId)) return known(["Alpine:edge"], "source");
  return found === null ? versionless(system) : known([`Alpine:v${found[1]}.${found[2]}`], "source");
}

/** "15.5" -> the names SUSE gives to the server and the modules that its base images come from. */
function suse(system: OperatingSystem): OsEcosystems {
  const [release = "", servicePack = ""] = system.versionId.split(".");
  if (release === "") return versionless(system);
  const version = servicePack === "" || servicePack === "0" ? release : `${release} SP${servicePack}`;
  const modules = [
    "Basesystem",
    "Server Applications",
    "Development Tools",
    "Web and Scripting",
    "Python 3",
    "Containers",
    "Legacy",
    "Desktop Applications",
  ];
  return known(
    [
      `SUSE:Linux Enterprise Server ${version}`,
      ...modules.map((name) => `SUSE:Linux Enterprise Module for ${name} ${version}`),
    ],
    "both",
  );
}

function openEuler(system: OperatingSystem): OsEcosystems {
  const suffix = /\(([^)]+)\)/.exec(system.name)?.[1] ?? "";
  if (system.versionId === "") return versionless(system);
  return known([`openEuler:${system.versionId}${suffix === "" ? "" : `-${suffix}`}`], "both");
}

function amazon(system: OperatingSystem): OsEcosystems {
  if (system.versionId === "") return versionless(system);
  const release =
    system.versionId.startsWith("2018") || system.versionId.startsWith("2017") ? "1" : major(system.versionId);
  return known([`Amazon Linux:${release}`], "binary");
}

type Rule = (system: OperatingSystem) => OsEcosystems;

function byMajor(name: string, names: OsEcosystems["names"]): Rule {
  return (system) =>
    system.versionId === "" ? versionless(system) : known([`${name}:${major(system.versionId)}`], names);
}

function byMinor(name: string, names: OsEcosystems["names"]): Rule {
  return (system) => (system.versionId === "" ? versionless(system) : known([`${name}:${system.versionId}`], names));
}

function judgedBy(parent: Rule, words: string): Rule {
  return (system) => {
    const result = parent(system);
    return { ...result, because: `${system.name || system.id} is judged by ${words}` };
  };
}

const rules = new Map<string, Rule>([
  ["debian", debian],
  ["raspbian", judgedBy(debian, "Debian's advisories")],
  [
    "devuan",
    judgedBy(
      (system) =>
        /^[0-9]+/.test(system.versionId)
          ? known([`Debian:${Number.parseInt(major(system.versionId), 10) + devuanBehind}`], "source")
          : versionless(system),
      "Debian's advisories",
    ),
  ],
  ["ubuntu", ubuntu],
  ["pop", judgedBy(ubuntu, "Ubuntu's advisories")],
  ["neon", judgedBy(ubuntu, "Ubuntu's advisories")],
  ["echo", () => known(["Echo"], "source")],
  ["alpine", alpine],
  ["wolfi", () => known(["Wolfi"], "both")],
  ["chainguard", () => known(["Chainguard", "Wolfi"], "both")],
  ["minimos", () => known(["MinimOS"], "both")],
  ["alpaquita", (system) => known([`Alpaquita:${system.versionId || "stream"}`], "source")],
  ["rhel", byMajor("Red Hat", "both")],
  ["redhat", byMajor("Red Hat", "both")],
  ["centos", judgedBy(byMajor("Red Hat", "both"), "Red Hat's advisories")],
  ["almalinux", byMajor("AlmaLinux", "binary")],
  ["rocky", byMajor("Rocky Linux", "both")],
  ["ol", byMajor("Oracle Linux", "binary")],
  ["oracle", byMajor("Oracle Linux", "binary")],
  ["amzn", amazon],
  ["amazon", amazon],
  ["azurelinux", byMajor("Azure Linux", "both")],
  [
    "mariner",
    (system) =>
      system.versionId === ""
        ? versionless(system)
        : known([`Azure Linux:${major(system.versionId)}`, `CBL-Mariner:${system.versionId}`], "both"),
  ],
  ["photon", byMinor("Photon OS", "both")],
  ["mageia", byMajor("Mageia", "both")],
  ["sles", suse],
  ["sled", suse],
  ["sles_sap", suse],
  ["suse", suse],
  ["opensuse-leap", (system) => known([`openSUSE:Leap ${system.versionId}`], "both")],
  ["opensuse-tumbleweed", () => known(["openSUSE:Tumbleweed"], "both")],
  [
    "opensuse",
    (system) =>
      known([`openSUSE:${system.versionId.startsWith("2") ? "Tumbleweed" : `Leap ${system.versionId}`}`], "both"),
  ],
  ["openeuler", openEuler],
  ["fedora", byMajor("Fedora", "both")],
]);

/** Never throws; an unknown system, or a derivative whose versions are its own, has a problem and no ecosystems. */
export function osEcosystems(system: OperatingSystem | undefined): OsEcosystems {
  if (system === undefined || system.id === "") return unknown("the operating system is not known");
  const id = system.id.toLowerCase();
  const rule = rules.get(id);
  if (rule !== undefined) return rule(system);
  const like =
    system.idLike.length === 0 ? "" : `; it is like ${system.idLike.join(", ")}, but its releases are its own`;
  return unknown(`no feed speaks of ${system.name || system.id}${like}`);
}

const schemesByEcosystem = new Map<string, VersionScheme>([
  ...["Debian", "Ubuntu", "Echo"].map((name) => [name, "deb"] as const),
  ...["Alpine", "Alpaquita", "Chainguard", "MinimOS", "Wolfi", "CleanStart"].map((name) => [name, "apk"] as const),
  ["PyPI", "pep440"],
  ["Maven", "maven"],
  ["RubyGems", "gem"],
  ["NuGet", "nuget"],
  ["Packagist", "composer"],
  ["Go", "golang"],
  ["Kubernetes", "golang"],
  ...["npm", "crates.io", "Bitnami", "GitHub Actions", "Hex", "Pub", "SwiftURL", "VSCode", "Julia"].map(
    (name) => [name, "semver"] as const,
  ),
  ...[
    "AlmaLinux",
    "Amazon Linux",
    "Azure Linux",
    "CBL-Mariner",
    "Fedora",
    "Mageia",
    "Oracle Linux",
    "Photon OS",
    "Red Hat",
    "Red Hat extended",
    "Rocky Linux",
    "SUSE",
    "openEuler",
    "openSUSE",
  ].map((name) => [name, "rpm"] as const),
]);

/** Asked for every record that holds; feeds hold a few hundred ecosystems. */
const rememberedMax = 2000;
const remembered = new Map<string, VersionScheme>();

/** The order of an ecosystem's versions; "generic" for one that is not known. */
export function schemeOfEcosystem(ecosystem: string): VersionScheme {
  const known = remembered.get(ecosystem);
  if (known !== undefined) return known;
  const scheme = schemesByEcosystem.get(ecosystem.split(":", 1)[0] ?? "") ?? "generic";
  if (remembered.size < rememberedMax) remembered.set(ecosystem, scheme);
  return scheme;
}

/** Whether a distribution speaks: its word goes before everybody's. */
export function isDistribution(ecosystem: string): boolean {
  const scheme = schemeOfEcosystem(ecosystem);
  return scheme === "deb" || scheme === "apk" || scheme === "rpm";
}

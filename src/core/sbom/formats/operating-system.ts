// The operating system that a document speaks of: a component, or the `distro` of its packages' URLs. Names as os-release writes them.
import type { OperatingSystem } from "../../../model/image-analysis.ts";
import type { PurlParts } from "../purl.ts";

/** What other tools call a distribution, by os-release's ID. */
const idByName: ReadonlyMap<string, string> = new Map([
  ["redhat", "rhel"],
  ["red hat enterprise linux", "rhel"],
  ["amazon", "amzn"],
  ["amazonlinux", "amzn"],
  ["oracle", "ol"],
  ["oraclelinux", "ol"],
  ["alma", "almalinux"],
  ["rockylinux", "rocky"],
  ["suse linux enterprise server", "sles"],
  ["suse", "sles"],
  ["opensuse.leap", "opensuse-leap"],
  ["opensuse leap", "opensuse-leap"],
  ["opensuse.tumbleweed", "opensuse-tumbleweed"],
  ["cbl-mariner", "mariner"],
  ["azure", "azurelinux"],
]);

const releaseByCodename: ReadonlyMap<string, readonly [string, string]> = new Map([
  ["wheezy", ["debian", "7"]],
  ["jessie", ["debian", "8"]],
  ["stretch", ["debian", "9"]],
  ["buster", ["debian", "10"]],
  ["bullseye", ["debian", "11"]],
  ["bookworm", ["debian", "12"]],
  ["trixie", ["debian", "13"]],
  ["forky", ["debian", "14"]],
  ["trusty", ["ubuntu", "14.04"]],
  ["xenial", ["ubuntu", "16.04"]],
  ["bionic", ["ubuntu", "18.04"]],
  ["focal", ["ubuntu", "20.04"]],
  ["jammy", ["ubuntu", "22.04"]],
  ["noble", ["ubuntu", "24.04"]],
  ["plucky", ["ubuntu", "25.04"]],
  ["questing", ["ubuntu", "25.10"]],
]);

/** os-release's ID for a name that some tool uses. */
export function distributionId(name: string): string {
  const lower = name.trim().toLowerCase();
  return (idByName.get(lower) ?? lower).slice(0, 64);
}

/** From a name and a version, as a component has them. Undefined when there is no name. */
export function systemOf(name: string, versionId: string): OperatingSystem | undefined {
  const id = distributionId(name);
  return id === "" ? undefined : { id, versionId: versionId.slice(0, 64), codename: "", name: "", idLike: [] };
}

/** From the `distro` of a package's URL: "debian-12", "opensuse-leap-15.5", "jessie", or a bare version under the URL's namespace. */
export function systemOfPurl(parts: PurlParts): OperatingSystem | undefined {
  if (!isSystemType(parts.type)) return undefined;
  const distro = parts.qualifiers["distro"] ?? "";
  if (distro === "") return undefined;
  const known = releaseByCodename.get(distro.toLowerCase());
  if (known !== undefined)
    return { id: known[0], versionId: known[1], codename: distro.toLowerCase(), name: "", idLike: [] };
  if (/^v?\d/.test(distro)) return systemOf(parts.namespace, distro.replace(/^v/, ""));
  const dash = /-(?=v?\d[^-]*$)/.exec(distro);
  if (dash !== null) return systemOf(distro.slice(0, dash.index), distro.slice(dash.index + 1));
  return systemOf(distro.endsWith("-edge") ? distro.slice(0, -5) : distro, distro.endsWith("-edge") ? "edge" : "");
}

/** Types of packages that a distribution's advisories speak of. */
export function isSystemType(type: string): boolean {
  return type === "deb" || type === "apk" || type === "rpm" || type === "alpm";
}

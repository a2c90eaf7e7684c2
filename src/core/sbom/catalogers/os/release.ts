// Which operating system an image is: os-release, and the files of systems that are older or smaller than it. Never guesses a version.
import type { AnalysisGap, OperatingSystem } from "../../../../model/image-analysis.ts";
import { defineCataloger, type CatalogedFile, type CatalogFile, type CatalogTools } from "../../cataloger.ts";

/** Id of the unit whose parts `operatingSystemOf` takes. */
export const operatingSystemCatalogerId = "os/release";

interface ReleasePart {
  /** Smaller goes first. */
  readonly rank: number;
  readonly operatingSystem: OperatingSystem;
}

type ReadRelease = (text: string) => OperatingSystem | undefined;

/** Best first: what os-release says goes before the files it replaced, and before what only hints. */
const releaseFiles: readonly (readonly [path: string, read: ReadRelease])[] = [
  ["etc/os-release", readOsRelease],
  ["usr/lib/os-release", readOsRelease],
  ["etc/oracle-release", readReleaseLine],
  ["etc/rocky-release", readReleaseLine],
  ["etc/almalinux-release", readReleaseLine],
  ["etc/centos-release", readReleaseLine],
  ["etc/fedora-release", readReleaseLine],
  ["etc/photon-release", readReleaseLine],
  ["etc/mariner-release", readReleaseLine],
  ["etc/azurelinux-release", readReleaseLine],
  ["etc/system-release", readReleaseLine],
  ["etc/redhat-release", readReleaseLine],
  ["etc/system-release-cpe", readReleaseCpe],
  ["etc/SuSE-release", readSuseRelease],
  ["etc/lsb-release", readLsbRelease],
  ["etc/alpine-release", (text) => system("alpine", firstLine(text), `Alpine Linux ${firstLine(text)}`)],
  ["etc/arch-release", () => system("arch", "", "Arch Linux")],
  ["etc/debian_version", readDebianVersion],
  ["bin/busybox", readBusybox],
];

const ranks = new Map(releaseFiles.map(([path], index) => [path, index]));

function system(id: string, versionId: string, name: string, codename = "", idLike: string[] = []): OperatingSystem {
  return {
    id: id.slice(0, 64),
    versionId: versionId.slice(0, 64),
    codename: codename.slice(0, 64),
    name: name.slice(0, 256),
    idLike,
  };
}

function firstLine(text: string): string {
  return (text.split("\n", 1)[0] ?? "").trim();
}

/** A shell-like value of os-release: bare, 'single' or "double" quoted, with backslashes before ", $, ` and \ in the latter two. */
export function unquote(value: string): string {
  const text = value.trim();
  const quote = text[0];
  if (quote === "'") return text.slice(1, text.indexOf("'", 1) === -1 ? undefined : text.indexOf("'", 1));
  if (quote !== '"') return text.replace(/\\(.)/g, "$1");
  let result = "";
  for (let at = 1; at < text.length && text[at] !== '"'; at += 1) {
    if (text[at] === "\\" && at + 1 < text.length) at += 1;
    result += text[at];
  }
  return result;
}

/** NAME=value lines; later ones win, comments and odd lines are passed over. */
function readVariables(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  for (const line of text.split("\n", 1000)) {
    const equals = line.indexOf("=");
    if (equals < 1 || line.startsWith("#")) continue;
    variables.set(line.slice(0, equals).trim(), unquote(line.slice(equals + 1)));
  }
  return variables;
}

function readOsRelease(text: string): OperatingSystem | undefined {
  const variables = readVariables(text);
  const get = (name: string): string => variables.get(name) ?? "";
  const id = get("ID").toLowerCase();
  const name = get("PRETTY_NAME") || get("NAME");
  const idLike = get("ID_LIKE")
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "" && word.length <= 64)
    .slice(0, 20);
  if (id === "" && name === "") return undefined;
  return system(
    id || idOfName(name),
    get("VERSION_ID"),
    name,
    get("VERSION_CODENAME") || codenameOf(get("VERSION")),
    idLike,
  );
}

/** "8 (jessie)" and "14.04.6 LTS, Trusty Tahr": before VERSION_CODENAME was usual. */
function codenameOf(version: string): string {
  const match = /\(([A-Za-z]{2,30})(?: [A-Z][a-z]+)?\)|, ([A-Z][a-z]{2,30}) [A-Z]/.exec(version.slice(0, 200));
  return (match?.[1] ?? match?.[2] ?? "").toLowerCase();
}

const idsByName: readonly (readonly [start: string, id: string, like: string])[] = [
  ["centos", "centos", "rhel fedora"],
  ["red hat", "rhel", "fedora"],
  ["rhel", "rhel", "fedora"],
  ["oracle linux", "ol", "fedora"],
  ["enterprise linux enterprise linux", "ol", "fedora"],
  ["rocky", "rocky", "rhel centos fedora"],
  ["almalinux", "almalinux", "rhel centos fedora"],
  ["fedora", "fedora", ""],
  ["amazon linux", "amzn", "rhel fedora"],
  ["scientific linux", "scientific", "rhel fedora"],
  ["vmware photon", "photon", ""],
  ["photon", "photon", ""],
  ["cbl-mariner", "mariner", ""],
  ["common base linux mariner", "mariner", ""],
  ["mariner", "mariner", ""],
  ["azure linux", "azurelinux", ""],
  ["azurelinux", "azurelinux", ""],
  ["microsoft azure linux", "azurelinux", ""],
  ["suse linux enterprise server", "sles", "suse"],
  ["suse linux enterprise desktop", "sled", "suse"],
  ["opensuse leap", "opensuse-leap", "suse opensuse"],
  ["opensuse", "opensuse", "suse"],
  ["ubuntu", "ubuntu", "debian"],
  ["debian", "debian", ""],
  ["alpine", "alpine", ""],
  ["arch", "arch", ""],
];

function ruleOfName(name: string): (typeof idsByName)[number] | undefined {
  const lower = name.toLowerCase();
  return idsByName.find(([start]) => lower.startsWith(start));
}

function idOfName(name: string): string {
  return ruleOfName(name)?.[1] ?? "";
}

/** "CentOS release 6.10 (Final)", "Red Hat Enterprise Linux Server release 7.9 (Maipo)", "VMware Photon Linux 1.0", "CBL-Mariner 2.0.20230407". */
function readReleaseLine(text: string): OperatingSystem | undefined {
  const line = firstLine(text).slice(0, 256);
  const rule = ruleOfName(line);
  const version = /\d+(?:\.\d+)*/.exec(line)?.[0] ?? "";
  if (rule === undefined) return undefined;
  return system(rule[1], version, line, /\(([^)]{1,60})\)/.exec(line)?.[1] ?? "", rule[2].split(" ").filter(Boolean));
}

const idsByVendor = new Map([
  ["amazon", "amzn"],
  ["redhat", "rhel"],
  ["centos", "centos"],
  ["fedoraproject", "fedora"],
  ["oracle", "ol"],
  ["rocky", "rocky"],
  ["almalinux", "almalinux"],
]);

/** "cpe:/o:centos:linux:6:GA" and "cpe:2.3:o:amazon:amazon_linux:2". */
function readReleaseCpe(text: string): OperatingSystem | undefined {
  const line = firstLine(text).slice(0, 256);
  const parts = line.replace(/^cpe:(?:2\.3:|\/)/, "").split(":");
  const id = idsByVendor.get((parts[1] ?? "").toLowerCase());
  const version = /^\d[\w.]*$/.test(parts[3] ?? "") ? (parts[3] ?? "") : "";
  return parts[0] === "o" && id !== undefined ? system(id, version, line) : undefined;
}

/** "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4". */
function readSuseRelease(text: string): OperatingSystem | undefined {
  const line = firstLine(text);
  const version = /^VERSION *= *([\d.]+)/m.exec(text)?.[1];
  const patch = /^PATCHLEVEL *= *(\d+)/m.exec(text)?.[1];
  const release = readReleaseLine(line);
  if (release === undefined || version === undefined) return release;
  return {
    ...release,
    versionId: patch === undefined || patch === "0" ? version : `${version}.${patch}`,
    codename: "",
  };
}

function readLsbRelease(text: string): OperatingSystem | undefined {
  const variables = readVariables(text);
  const id = (variables.get("DISTRIB_ID") ?? "").toLowerCase();
  if (id === "") return undefined;
  const rule = ruleOfName(id);
  const name = variables.get("DISTRIB_DESCRIPTION") ?? id;
  return system(rule?.[1] ?? id, variables.get("DISTRIB_RELEASE") ?? "", name, variables.get("DISTRIB_CODENAME") ?? "");
}

/** "12.5": only the major number names a release. "trixie/sid" has none. */
function readDebianVersion(text: string): OperatingSystem | undefined {
  const line = firstLine(text);
  const number = /^(\d+)(?:\.\d+)*$/.exec(line)?.[1] ?? "";
  const codename = /^([a-z]+)\/sid$/.exec(line)?.[1] ?? "";
  return number === "" && codename === "" ? undefined : system("debian", number, `Debian GNU/Linux ${line}`, codename);
}

/** The busybox image has nothing else that says what it is. */
function readBusybox(text: string): OperatingSystem | undefined {
  const version = /BusyBox v(\d+\.\d+\.\d+)/.exec(text)?.[1];
  return version === undefined ? undefined : system("busybox", version, `BusyBox v${version}`);
}

function textOf(file: CatalogFile, tools: CatalogTools): string {
  if (file.path !== "bin/busybox") return file.text().slice(0, 65_536);
  const at = tools.indexOf(file.bytes, "BusyBox v");
  return at === -1 ? "" : tools.latin1(file.bytes.subarray(at, at + 64));
}

export const operatingSystemCataloger = defineCataloger<ReleasePart>({
  id: operatingSystemCatalogerId,
  version: 1,
  wants: { paths: [...ranks.keys()], bytesMax: 4 * 1024 * 1024, overIsSilent: true },
  read(file, tools) {
    const rank = ranks.get(file.path);
    const operatingSystem = rank === undefined ? undefined : releaseFiles[rank]?.[1](textOf(file, tools));
    return rank === undefined || operatingSystem === undefined ? undefined : { rank, operatingSystem };
  },
  combine: () => ({ packages: [] }),
});

/** The system that the visible release files (parts of `operatingSystemCataloger`) tell of; undefined and a gap when none names it. */
export function operatingSystemOf(files: readonly CatalogedFile<unknown>[]): {
  readonly operatingSystem: OperatingSystem | undefined;
  readonly gaps: readonly AnalysisGap[];
} {
  const parts = files.map((file) => file.part as ReleasePart).toSorted((left, right) => left.rank - right.rank);
  const best = parts.find((part) => part.operatingSystem.id !== "")?.operatingSystem;
  if (best !== undefined) return { operatingSystem: withCodename(best, parts), gaps: [] };
  const because = parts.length === 0 ? "no release file is in the image" : "its release files name no known system";
  return {
    operatingSystem: parts[0]?.operatingSystem,
    gaps: [{ kind: "operating-system-unknown", layer: -1, subject: "", because, count: 1 }],
  };
}

/** Debian's testing and unstable have no VERSION_ID; their debian_version has the codename. */
function withCodename(system: OperatingSystem, parts: readonly ReleasePart[]): OperatingSystem {
  if (system.versionId !== "" || system.codename !== "") return system;
  const other = parts.find((part) => part.operatingSystem.id === system.id && part.operatingSystem.codename !== "");
  return other === undefined ? system : { ...system, codename: other.operatingSystem.codename };
}

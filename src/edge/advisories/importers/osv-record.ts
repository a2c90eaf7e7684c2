// One OSV document -> records and facts, for every ecosystem that uses the schema. What is understood of a source's own fields is listed here and nowhere else.
import type { AdvisoryRecord, AdvisoryStatus, Severity } from "../../../core/vuln/advisory.ts";
import { advisoryName } from "../../../core/vuln/match/keys.ts";
import type { PlainFacts } from "../../../core/vuln/shard/facts-codec.ts";
import { ecosystemOf, schemeOf } from "../ecosystems.ts";
import { osvFeedOf } from "../feeds.ts";
import {
  cutTo,
  instantOf,
  isObject,
  listOf,
  nameOf,
  objectOf,
  refuse,
  textOf,
  textsOf,
  unique,
  type JsonObject,
} from "../read/json-values.ts";
import { factRanks, type FactRank } from "./importer.ts";
import { rangesOf } from "./osv-ranges.ts";
import { cvssOf, severityOf, severityOfSummary, wordSeverityOf } from "./severity.ts";

export const osvLimits = {
  affected: 20_000,
  versions: 100_000,
  names: 2000,
  referencesKept: 20,
  titleChars: 512,
  descriptionChars: 4096,
} as const;

export interface OsvResult {
  readonly records: readonly AdvisoryRecord[];
  /** Of each vulnerability that the document tells of. */
  readonly facts: readonly { readonly facts: PlainFacts; readonly rank: FactRank }[];
  /** Why there are no records, "" when there are some. */
  readonly leftOut: string;
  readonly feed: string;
  /** When it was changed, else published; "" when neither is known, or both lie in the future. */
  readonly datedAt: string;
  /** It does not say when it was changed (Go's zero time): its own dates say little about the age of its feed. */
  readonly isUndated: boolean;
}

/** Throws for a document that is not as the schema says; nothing of it is taken. */
export function readOsv(value: unknown, nowMs: number): OsvResult {
  if (!isObject(value)) throw refuse("it is not an object");
  const id = nameOf(value["id"], "id", 256);
  const affected = listOf(value["affected"]).filter(isObject);
  if (affected.length > osvLimits.affected) throw refuse(`it names more than ${osvLimits.affected} packages`);
  const first = textOf(objectOf(affected[0]?.["package"])["ecosystem"]);
  const feed = osvFeedOf(id, first);
  const datedAt = pastOf(value["modified"], nowMs) || pastOf(value["published"], nowMs);
  const isUndated = pastOf(value["modified"], nowMs) === "";
  const nothing = (leftOut: string): OsvResult => ({ records: [], facts: [], leftOut, feed, datedAt, isUndated });
  if (textOf(value["withdrawn"]) !== "") return nothing("withdrawn");
  const names = namesOf(value, id);
  if (names.isErratum && names.upstream.length === 0 && isMaintenance(id))
    return nothing("erratum without a vulnerability");
  const records = distinct(affected.flatMap((entry) => recordOf(value, entry, { id, ...names })));
  const facts = factsOf(value, id, names, nowMs);
  if (records.length === 0)
    return { ...nothing(affected.length === 0 ? "no package named" : "no version named"), facts };
  return { records, facts, leftOut: "", feed, datedAt, isUndated };
}

/** A feed whose records claim tomorrow is not newer for it. */
function pastOf(value: unknown, nowMs: number): string {
  const instant = instantOf(value, Number.MAX_SAFE_INTEGER);
  return Date.parse(instant) <= nowMs ? instant : "";
}

/** Errata name a package once an architecture, Go once a folder: the same record for a matcher. */
function distinct(records: readonly AdvisoryRecord[]): readonly AdvisoryRecord[] {
  if (records.length < 2) return records;
  return [...new Map(records.map((record) => [JSON.stringify(record), record])).values()];
}

interface Names {
  readonly aliases: readonly string[];
  readonly upstream: readonly string[];
  readonly isErratum: boolean;
}

/** Ids of advisories over several vulnerabilities. */
const erratum =
  /^(?:(?:AL|RL|RX|RH|CL)[SBE]A-|ALAS|AZL-SA|D[SL]A-|DTSA-|ELSA-|ELBA-|USN-|LSN-|SUSE-|openSUSE-|MGASA-|OESA-|openEuler-SA|PHSA-|CGA-E|BELL-SA)/;

/** Bug fixes and new features: kept only when a vulnerability is named. */
function isMaintenance(id: string): boolean {
  return /^(?:AL|RL|RX|RH)[BE]A-/.test(id);
}

function namesOf(value: JsonObject, id: string): Names {
  const isErratum = erratum.test(id);
  const [aliases, upstream, related] = ["aliases", "upstream", "related"].map((key) =>
    textsOf(value[key]).slice(0, osvLimits.names),
  );
  const isVulnerability = (name: string): boolean => /^(?:CVE|CAN)-\d/.test(name);
  if (!isErratum) return { aliases: unique(aliases ?? []), upstream: unique(upstream ?? []), isErratum };
  // Older errata name their CVEs as aliases: one advisory cannot be another name of three vulnerabilities.
  const all = [...(upstream ?? []), ...(aliases ?? []), ...(related ?? [])].filter(
    (name) => isVulnerability(name) || upstream?.includes(name),
  );
  return { aliases: (aliases ?? []).filter((name) => !isVulnerability(name)), upstream: unique(all), isErratum };
}

function recordOf(
  value: JsonObject,
  entry: JsonObject,
  names: Names & { readonly id: string },
): readonly AdvisoryRecord[] {
  const named = objectOf(entry["package"]);
  // Repositories without a package: only commits are named.
  if (textOf(named["ecosystem"]) === "") return [];
  const { ecosystem, pocket } = ecosystemOf(textOf(named["ecosystem"]));
  const name = advisoryName(ecosystem, nameOf(named["name"], "package name", 1024));
  const scheme = schemeOf(ecosystem);
  const ranges = rangesOf(entry, scheme);
  const versions = textsOf(entry["versions"]);
  if (versions.length > osvLimits.versions) throw refuse(`it lists more than ${osvLimits.versions} versions`);
  if (ranges.length === 0 && versions.length === 0) return [];
  const specific = objectOf(entry["ecosystem_specific"]);
  return [
    {
      id: names.id,
      feed: osvFeedOf(names.id, ecosystem),
      aliases: names.aliases,
      upstream: names.upstream,
      ecosystem,
      name,
      scheme,
      ranges,
      versions,
      ...statusOf(entry, specific),
      severity: severityFor(value, entry, names.id),
      cvss: cvssOf(entry["severity"], value["severity"]) || textOf(objectOf(entry["database_specific"])["cvss"]),
      module: moduleOf(value, ranges),
      architectures: textsOf(objectOf(specific["affects"])["arch"]).slice(0, 64),
      pocket: pocketOf(named, pocket),
      cpeTarget: "",
    },
  ];
}

/** RustSec's informational notices are not vulnerabilities of their own: the reason says which they are. */
function statusOf(
  entry: JsonObject,
  specific: JsonObject,
): { readonly status: AdvisoryStatus; readonly statusReason: string } {
  const informational = textOf(objectOf(entry["database_specific"])["informational"]);
  if (informational !== "") return { status: "affected", statusReason: `informational: ${cutTo(informational, 64)}` };
  const urgency = textOf(specific["urgency"]);
  if (urgency === "end-of-life") return { status: "end-of-life", statusReason: "end-of-life" };
  return { status: "affected", statusReason: urgency === "unimportant" ? "unimportant" : "" };
}

function severityFor(value: JsonObject, entry: JsonObject, id: string): Severity {
  if (id.startsWith("MAL-")) return "critical";
  const own = [
    objectOf(entry["ecosystem_specific"]),
    objectOf(entry["database_specific"]),
    objectOf(value["database_specific"]),
  ];
  for (const place of own) {
    for (const key of ["severity", "urgency", "ubuntu_priority"]) {
      const severity = severityOf(textOf(place[key]));
      if (severity !== "unknown") return severity;
    }
  }
  const listed = wordSeverityOf(entry["severity"], value["severity"]);
  return listed === "unknown" ? severityOfSummary(textOf(value["summary"])) : listed;
}

/** An erratum of a module stream says which only in its summary ("Moderate: nodejs:18 security update"); its versions carry ".module". */
function moduleOf(value: JsonObject, ranges: AdvisoryRecord["ranges"]): string {
  if (!ranges.some(({ fixed }) => /[.+]module[_+]/.test(fixed))) return "";
  const summary = textOf(value["summary"]).replace(/^\w+: /, "");
  return /(?:^|\s)([a-z0-9][\w.+-]*:[\w.+-]+)(?=\s|,|$)/i.exec(summary)?.[1] ?? "";
}

/** Ubuntu's package URL names the pocket: "pkg:deb/ubuntu/x?arch=source&distro=esm-apps/jammy". */
function pocketOf(named: JsonObject, pocket: string): string {
  const distro = /[?&]distro=([a-z0-9-]+)\//.exec(textOf(named["purl"]))?.[1] ?? "";
  return distro === "" ? pocket : distro;
}

function factsOf(value: JsonObject, id: string, names: Names, nowMs: number): OsvResult["facts"] {
  const cwes = textsOf(objectOf(value["database_specific"])["cwe_ids"]);
  const facts = {
    title: cutTo(textOf(value["summary"]).trim(), osvLimits.titleChars),
    description: cutTo(textOf(value["details"]).trim(), osvLimits.descriptionChars),
    references: unique(
      listOf(value["references"])
        .filter(isObject)
        .map((one) => textOf(one["url"]))
        .filter((url) => url !== "" && url.length <= 1024),
    ).slice(0, osvLimits.referencesKept),
    cwes: cwes.slice(0, 32),
    publishedAt: instantOf(value["published"], nowMs),
    modifiedAt: instantOf(value["modified"], nowMs),
    cvssScore: 0,
    cvss: cvssOf(value["severity"], objectOf(listOf(value["affected"])[0])["severity"]),
  };
  const vulnerabilities = names.isErratum
    ? names.upstream
    : [...names.aliases, ...names.upstream].filter((name) => name.startsWith("CVE-"));
  const rank = rankOf(id, names);
  // Where there is a CVE the words are kept under it; `vulnerability` finds them by the other names, too.
  const own = names.isErratum || vulnerabilities.length === 0 ? [{ facts: { id, ...facts }, rank }] : [];
  // An erratum's words are about a package and perhaps three vulnerabilities. Of one of them it says what stands beside its number, if anything.
  const sentences = names.isErratum ? sentencesOf(textOf(value["details"])) : undefined;
  const about = (name: string): typeof facts => {
    if (sentences === undefined) return facts;
    const title = cutTo(sentences.get(name) ?? "", osvLimits.titleChars);
    const told = { ...facts, title, description: "", publishedAt: "" };
    return rank === factRanks.errata ? { ...told, cvss: "", cwes: [] } : told;
  };
  return [
    ...own,
    ...vulnerabilities.filter((name) => name !== id).map((name) => ({ facts: { id: name, ...about(name) }, rank })),
  ];
}

/** "  * nginx: a worker can be made to crash (CVE-2026-1, CVE-2026-2)", a line each: what the erratum says of each vulnerability. */
function sentencesOf(details: string): ReadonlyMap<string, string> {
  const sentences = new Map<string, string>();
  for (const line of details.slice(0, detailsChars).split("\n")) {
    const text = line.trim();
    const open = text.lastIndexOf("(");
    if (open < 1 || text.length > 1024 || !/^\(CVE-\d{4}-\d+(?:[,\s]+CVE-\d{4}-\d+)*\)\.?$/.test(text.slice(open)))
      continue;
    const words = text
      .slice(0, open)
      .replace(/^[*\u2022-]\s*/, "")
      .trim();
    for (const [id] of text.slice(open).matchAll(/CVE-\d{4}-\d+/g))
      if (words !== "" && !sentences.has(id)) sentences.set(id, words);
  }
  return sentences;
}

/** Of an erratum's details that are looked through. */
const detailsChars = 262_144;

function rankOf(id: string, names: Names): FactRank {
  if (names.isErratum) return names.upstream.length === 1 ? factRanks.erratum : factRanks.errata;
  if (id.startsWith("GHSA-")) return factRanks.ghsa;
  return /^(?:DEBIAN|UBUNTU|ALPINE|GARRISON)-/.test(id) ? factRanks.distribution : factRanks.upstream;
}

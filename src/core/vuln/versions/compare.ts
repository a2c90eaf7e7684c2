// One door to all version orders, and the question that advisories put: is this version within those ranges?
import type { AdvisoryRecord, VersionRange, VersionScheme } from "../advisory.ts";
import { compareApk } from "./apk.ts";
import { compareComposer } from "./composer.ts";
import { compareDeb } from "./deb.ts";
import { compareGem } from "./gem.ts";
import { compareGeneric } from "./generic.ts";
import { compareGolang } from "./golang.ts";
import { compareMaven } from "./maven.ts";
import { comparePep440 } from "./pep440.ts";
import { compareRpm } from "./rpm.ts";
import { compareNuget, compareSemver } from "./semver.ts";

type Compare = (left: string, right: string) => number | undefined;

const orders: Readonly<Record<VersionScheme, { readonly compare: Compare; readonly words: string }>> = {
  deb: { compare: compareDeb, words: "dpkg order" },
  apk: { compare: compareApk, words: "apk order" },
  rpm: { compare: compareRpm, words: "rpm order" },
  pep440: { compare: comparePep440, words: "PEP 440 order" },
  maven: { compare: compareMaven, words: "Maven order" },
  gem: { compare: compareGem, words: "RubyGems order" },
  semver: { compare: compareSemver, words: "semantic version order" },
  nuget: { compare: compareNuget, words: "NuGet order" },
  composer: { compare: compareComposer, words: "Composer order" },
  golang: { compare: compareGolang, words: "Go order" },
  generic: { compare: compareGeneric, words: "order of dotted numbers" },
};

/** Negative, zero or positive; undefined when one of them has no order in that scheme. */
export function compareVersions(scheme: VersionScheme, left: string, right: string): number | undefined {
  return orders[scheme].compare(left, right);
}

export interface RangeVerdict {
  readonly affected: boolean;
  /** What was compared, as a person would write it: "2.36-9 < 2.36-9+deb12u4 (dpkg order)". */
  readonly comparison: string;
  /** The first version that is no longer in the range that held; "" none, or nothing held. */
  readonly fixed: string;
}

const isFirst = (version: string): boolean => version === "" || version === "0";

/** One interval; undefined when a bound that decides has no order against the version. */
function isWithin(compare: Compare, range: VersionRange, version: string): boolean | undefined {
  if (!isFirst(range.introduced)) {
    const low = compare(version, range.introduced);
    if (low === undefined) return undefined;
    if (low < 0) return false;
  }
  if (range.fixed !== "") {
    const high = compare(version, range.fixed);
    return high === undefined ? undefined : high < 0;
  }
  if (range.lastAffected !== "") {
    const high = compare(version, range.lastAffected);
    return high === undefined ? undefined : high <= 0;
  }
  return true;
}

function rangeWords(range: VersionRange, version: string, isInside: boolean): string {
  const low = isFirst(range.introduced) ? "" : range.introduced;
  if (isInside) {
    const upper = range.fixed === "" ? range.lastAffected : range.fixed;
    if (upper === "") return low === "" ? `${version}: every version` : `${low} <= ${version}, no end`;
    return `${low === "" ? "" : `${low} <= `}${version} ${range.fixed === "" ? "<=" : "<"} ${upper}`;
  }
  if (range.fixed !== "") return `${version} is not in [${low === "" ? "first" : low}, ${range.fixed})`;
  if (range.lastAffected !== "") return `${version} is not in [${low === "" ? "first" : low}, ${range.lastAffected}]`;
  return `${version} < ${low}`;
}

const wordsMax = 4;

const leadPattern = /^[vV=\s]*0*([0-9]*)/;

/** The first number of a version: versions that are the same have the same one. */
function leadOf(version: string): string {
  return leadPattern.exec(version)?.[1] ?? "";
}

function normalizedList(scheme: VersionScheme, versions: readonly string[], version: string): boolean {
  if (versions.includes(version)) return true;
  const { compare } = orders[scheme];
  const lead = leadOf(version);
  const hasEpoch = version.includes("!") || version.includes(":");
  // "1.0" is listed, "1.0.0" is installed: the same where the order says so. Lists are long: the first number is looked at before the whole.
  return versions.some(
    (listed) =>
      (hasEpoch || leadOf(listed) === lead || listed.includes("!") || listed.includes(":")) &&
      compare(listed, version) === 0,
  );
}

function outsideWords(record: Pick<AdvisoryRecord, "ranges" | "versions">, version: string): string {
  const words = record.ranges.slice(0, wordsMax).map((range) => rangeWords(range, version, false));
  if (record.ranges.length > wordsMax) words.push(`and ${record.ranges.length - wordsMax} more`);
  if (record.versions.length > 0) words.push(`not among ${record.versions.length} listed`);
  return words.join("; ");
}

/** `isAffected` without words: true, false, or undefined for "nobody can say". Most records do not hold; this is what finds that out. */
export function rangeState(
  record: Pick<AdvisoryRecord, "scheme" | "ranges" | "versions">,
  version: string,
): boolean | undefined {
  const { ranges, versions, scheme } = record;
  if (ranges.length === 0 && versions.length === 0) return true;
  const { compare } = orders[scheme];
  let hasUnknown = false;
  for (const range of ranges) {
    const inside = isWithin(compare, range, version);
    if (inside === true) return true;
    if (inside === undefined) hasUnknown = true;
  }
  if (versions.length > 0 && normalizedList(scheme, versions, version)) return true;
  return hasUnknown ? undefined : false;
}

/**
 * Whether a version is within a record's ranges or among its listed versions (either counts). No ranges and no list: every version. Undefined: nothing held, and at
 * least one bound could not be compared.
 */
export function isAffected(
  record: Pick<AdvisoryRecord, "scheme" | "ranges" | "versions">,
  version: string,
): RangeVerdict | undefined {
  const { compare, words } = orders[record.scheme];
  if (record.ranges.length === 0 && record.versions.length === 0)
    return { affected: true, comparison: `${version}: every version`, fixed: "" };
  let hasUnknown = false;
  for (const range of record.ranges) {
    const inside = isWithin(compare, range, version);
    if (inside === true)
      return { affected: true, comparison: `${rangeWords(range, version, true)} (${words})`, fixed: range.fixed };
    if (inside === undefined) hasUnknown = true;
  }
  if (record.versions.length > 0 && normalizedList(record.scheme, record.versions, version))
    return { affected: true, comparison: `${version} is listed`, fixed: "" };
  if (hasUnknown) return undefined;
  return {
    affected: false,
    // Most records do not hold, and only explanations ask why not: the words are made when they are read.
    get comparison() {
      return `${outsideWords(record, version)} (${words})`;
    },
    fixed: "",
  };
}

// OSV's events -> intervals. Events may come in any order and several to an object; commit ranges say nothing about versions.
import { compareVersions } from "../../../core/vuln/versions/compare.ts";
import type { VersionRange, VersionScheme } from "../../../core/vuln/advisory.ts";
import { isObject, listOf, objectOf, refuse, textOf, type JsonObject } from "../read/json-values.ts";

/** Of one record for one package. */
export const rangesMax = 5000;
const versionCharsMax = 512;

type EventKind = "introduced" | "fixed" | "lastAffected";
interface Event {
  readonly kind: EventKind;
  readonly version: string;
}

/** All intervals of an `affected` entry; [] when it has none of versions. */
export function rangesOf(affected: JsonObject, scheme: VersionScheme): readonly VersionRange[] {
  const ranges: VersionRange[] = [];
  for (const range of listOf(affected["ranges"]).filter(isObject)) {
    if (range["type"] === "GIT") continue;
    const events = listOf(range["events"]).filter(isObject).flatMap(eventsOf);
    const intervals = intervalsOf(inOrder(events, scheme));
    ranges.push(...boundedBy(intervals, lastKnownOf(range, affected)));
    if (ranges.length > rangesMax) throw refuse(`it has more than ${rangesMax} ranges`);
  }
  return ranges;
}

function eventsOf(event: JsonObject): readonly Event[] {
  const events: Event[] = [];
  const add = (kind: EventKind, value: unknown): void => {
    const version = textOf(value);
    if (version.length > versionCharsMax) throw refuse(`a version is longer than ${versionCharsMax} characters`);
    if (version !== "") events.push({ kind, version: isFirst(version) ? "0" : version });
  };
  add("introduced", event["introduced"]);
  add("fixed", event["fixed"]);
  add("lastAffected", event["last_affected"]);
  return events;
}

/** Ways to write "from the first": RustSec's is the lowest semver there is. */
function isFirst(version: string): boolean {
  return version === "0" || version === "0.0.0-0";
}

/** As they stand when each beginning has its end behind it; else by version, beginnings before ends of the same version. */
function inOrder(events: readonly Event[], scheme: VersionScheme): readonly Event[] {
  const isPaired = events.every(({ kind }, index) => (kind === "introduced") === (index % 2 === 0));
  if (isPaired) return events;
  return events.toSorted((one, other) => {
    if (one.version === other.version) return rank(one) - rank(other);
    if (one.version === "0") return -1;
    if (other.version === "0") return 1;
    return compareVersions(scheme, one.version, other.version) ?? 0;
  });
}

/** An end at a version and a beginning at the same one: the end is of what was before. */
function rank({ kind }: Event): number {
  if (kind === "fixed") return 0;
  return kind === "introduced" ? 1 : 2;
}

function intervalsOf(events: readonly Event[]): readonly VersionRange[] {
  const ranges: VersionRange[] = [];
  let introduced: string | undefined;
  for (const { kind, version } of events) {
    if (kind === "introduced") introduced ??= version;
    else if (introduced !== undefined) {
      ranges.push({
        introduced,
        fixed: kind === "fixed" ? version : "",
        lastAffected: kind === "lastAffected" ? version : "",
      });
      introduced = undefined;
    }
    // An end without a beginning: a second fix on another branch. The first one bounds the interval.
  }
  if (introduced !== undefined) ranges.push({ introduced, fixed: "", lastAffected: "" });
  return ranges;
}

/** GHSA's bound of a range without a fix: "<= 1.2.3" or "< 2.0.0". */
function lastKnownOf(range: JsonObject, affected: JsonObject): string {
  const key = "last_known_affected_version_range";
  return textOf(objectOf(range["database_specific"])[key]) || textOf(objectOf(affected["database_specific"])[key]);
}

function boundedBy(ranges: readonly VersionRange[], bound: string): readonly VersionRange[] {
  const parsed = /^(<=?)\s*(\S{1,256})$/.exec(bound.trim());
  if (parsed === null) return ranges;
  return ranges.map((range) => {
    if (range.fixed !== "" || range.lastAffected !== "") return range;
    const version = parsed[2] ?? "";
    return parsed[1] === "<" ? { ...range, fixed: version } : { ...range, lastAffected: version };
  });
}

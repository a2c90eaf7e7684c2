// NVD's configurations (AND/OR of CPE names with bounds) -> one record a vendor and product. Reduced so that nothing is claimed which the tree does not say:
// what else must hold stands in `cpeTarget`, and a negated tree is left out.
import type { AdvisoryRecord, VersionRange } from "../../../core/vuln/advisory.ts";
import { cpeParts } from "../../../core/vuln/match/keys.ts";
import { isObject, listOf, refuse, textOf, unique, type JsonObject } from "../read/json-values.ts";
import { recordWith } from "./record.ts";

/** Of one vulnerability. */
const matchesMax = 20_000;

type Base = Pick<AdvisoryRecord, "id" | "feed" | "severity" | "cvss">;

interface CpeMatch {
  readonly part: string;
  readonly name: string;
  readonly version: string;
  readonly target: string;
  readonly isVulnerable: boolean;
  readonly bounds: JsonObject;
}

/** Records of ecosystem "CPE"; [] when no software is named. Throws for a tree beyond the limit. */
export function cpeRecords(configurations: unknown, base: Base): readonly AdvisoryRecord[] {
  const byTarget = new Map<
    string,
    { readonly name: string; readonly target: string; ranges: VersionRange[]; versions: string[]; except: string[] }
  >();
  let count = 0;
  for (const configuration of listOf(configurations).filter(isObject)) {
    if (configuration["negate"] === true) continue;
    const nodes = listOf(configuration["nodes"]).filter(isObject);
    if (nodes.some((node) => node["negate"] === true)) continue;
    const groups = nodes.map((node) => listOf(node["cpeMatch"]).filter(isObject).map(matchOf));
    const isAll = textOf(configuration["operator"]) === "AND";
    for (const [index, group] of groups.entries()) {
      const others = isAll ? groups.filter((_, other) => other !== index) : [];
      const beside = others.map(wordsOf).filter((words) => words !== "");
      const within = textOf(nodes[index]?.["operator"]) === "AND" ? group : [];
      for (const match of group) {
        count += 1;
        if (count > matchesMax) throw refuse(`it names more than ${matchesMax} products`);
        if (!match.isVulnerable || match.part === "h") continue;
        const same = within.filter((other) => other.name !== match.name).map(({ name }) => name);
        const target = targetOf(match, [
          ...beside,
          ...(same.length === 0 ? [] : [`with ${unique(same).join(" and ")}`]),
        ]);
        const key = `${match.name}\n${target}`;
        const known = byTarget.get(key) ?? { name: match.name, target, ranges: [], versions: [], except: [] };
        addTo(known, match);
        byTarget.set(key, known);
      }
    }
  }
  return [...byTarget.values()].flatMap(({ name, target, ranges, versions, except }) => {
    if (ranges.length === 0 && versions.length === 0) return [];
    const common = { ...base, ecosystem: "CPE", name, cpeTarget: target };
    const affected = recordWith({ ...common, ranges, versions: unique(versions) });
    // "After 1.2" has no word of its own among intervals: 1.2 itself is taken out.
    return except.length === 0
      ? [affected]
      : [
          affected,
          recordWith({
            ...common,
            status: "not-affected",
            statusReason: "its range begins after this version",
            versions: unique(except),
          }),
        ];
  });
}

function matchOf(match: JsonObject): CpeMatch {
  const criteria = textOf(match["criteria"]) || textOf(match["cpe23Uri"]);
  const [part = "", vendor = "", product = "", version = "", update = "", , , , target = ""] = cpeParts(criteria);
  if (vendor === "" || product === "" || criteria.length > 1024)
    throw refuse(`"${criteria.slice(0, 80)}" is no CPE name`);
  const isPlain = update === "" || update === "*" || update === "-";
  return {
    part,
    name: `${vendor}:${product}`,
    version: isPlain || version === "*" || version === "-" ? version : `${version}-${update}`,
    target: target === "*" || target === "-" ? "" : target,
    isVulnerable: match["vulnerable"] === true,
    bounds: match,
  };
}

function addTo(
  known: { ranges: VersionRange[]; versions: string[]; except: string[] },
  { version, bounds }: CpeMatch,
): void {
  const bound = (name: string): string => textOf(bounds[name]).slice(0, 256);
  const [from, after] = [bound("versionStartIncluding"), bound("versionStartExcluding")];
  const [until, upTo] = [bound("versionEndExcluding"), bound("versionEndIncluding")];
  if (version !== "*" && version !== "-" && version !== "") {
    known.versions.push(version);
    return;
  }
  // "-": a product without versions, nothing to compare with.
  if (version === "-") return;
  if (from === "" && after !== "") known.except.push(after);
  known.ranges.push({ introduced: from || after || "0", fixed: until, lastAffected: until === "" ? upTo : "" });
}

/** The other side of an AND: "" when it asks for nothing that a container on Linux would not have. */
function wordsOf(group: readonly CpeMatch[]): string {
  if (group.some(({ name }) => name === "linux:linux_kernel")) return "";
  const names = unique(group.map(({ name }) => name));
  return names.length === 0
    ? ""
    : `with ${names.slice(0, 8).join(" or ")}${names.length > 8 ? ` or ${names.length - 8} more` : ""}`;
}

function targetOf(match: CpeMatch, beside: readonly string[]): string {
  return [match.target, ...beside].filter((word) => word !== "").join("; ");
}

// Debian changelogs as a source of advisories: which version's entry names which vulnerability as fixed. A mention that says the opposite is left out and counted.
import { compareVersions } from "../../../core/vuln/versions/compare.ts";

export interface ChangelogEntry {
  readonly source: string;
  readonly version: string;
  /** RFC 3339; "" when its trailer cannot be read. */
  readonly at: string;
  /** Bullets, each on one line. */
  readonly items: readonly string[];
}

const entriesMax = 20_000;

/** Newest first, as they stand. Lines that fit nowhere are passed over: old changelogs have many forms. */
export function changelogEntries(text: string): readonly ChangelogEntry[] {
  const entries: ChangelogEntry[] = [];
  let open: { source: string; version: string; lines: string[] } | undefined;
  const close = (at: string): void => {
    if (open !== undefined)
      entries.push({ source: open.source, version: open.version, at, items: itemsOf(open.lines) });
    open = undefined;
  };
  for (const line of text.split("\n")) {
    const header = /^([a-z0-9][a-z0-9+.-]*) \(([^()\s]{1,200})\)/i.exec(line);
    if (header !== null) {
      close("");
      if (entries.length >= entriesMax) break;
      open = { source: header[1] ?? "", version: header[2] ?? "", lines: [] };
    } else if (line.startsWith(" -- ")) close(dateOf(line));
    else if (open !== undefined && /^\s/.test(line)) open.lines.push(line);
  }
  close("");
  return entries;
}

function dateOf(trailer: string): string {
  const ms = Date.parse(/ {2}(.{1,60})$/.exec(trailer)?.[1] ?? "");
  return Number.isNaN(ms) ? "" : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A bullet and the lines that go on with it. */
function itemsOf(lines: readonly string[]): readonly string[] {
  const items: string[] = [];
  for (const line of lines) {
    const text = line.trim();
    if (text === "") continue;
    if (items.length === 0 || /^[*+-]\s|^\[/.test(text)) items.push(text);
    else items[items.length - 1] = `${items.at(-1) ?? ""} ${text}`;
  }
  return items;
}

export interface FixedIn {
  readonly id: string;
  /** The first version whose entry names it. */
  readonly version: string;
}

export interface ChangelogFixes {
  readonly fixes: readonly FixedIn[];
  /** Mentions that say "reverted" or "not affected". */
  readonly leftOut: number;
  /** Of the newest entry that was read; "". */
  readonly newestAt: string;
}

const opposite =
  /\b(?:revert(?:s|ed|ing)?|not (?:affected|vulnerable|applicable)|unaffected|(?:does|do|did) not (?:affect|apply|fix)|doesn't (?:affect|apply)|isn't (?:affected|vulnerable)|not (?:yet )?fixed|no longer fix(?:es|ed)?|still vulnerable)\b/i;

/** Of the entries newer than `above` ("": all of them). */
export function fixesOf(entries: readonly ChangelogEntry[], above: string): ChangelogFixes {
  const fixed = new Map<string, string>();
  let [leftOut, newestAt] = [0, ""];
  for (const entry of entries) {
    if (above !== "" && (compareVersions("deb", entry.version, above) ?? -1) <= 0) break;
    if (entry.at > newestAt) newestAt = entry.at;
    for (const item of entry.items) {
      const ids = vulnerabilitiesIn(item);
      if (ids.length > 0 && saysOpposite(item)) leftOut += ids.length;
      // Older entries come later: the first version that named it stays.
      else for (const id of ids) fixed.set(id, entry.version);
    }
  }
  return { fixes: [...fixed].map(([id, version]) => ({ id, version })), leftOut, newestAt };
}

/** Characters around the ids in which an opposite counts: further on the words are about something else ("users without Lua were unaffected"). */
const nearChars = 48;

function saysOpposite(item: string): boolean {
  const first = item.search(/CVE-/i);
  const last = item.toUpperCase().lastIndexOf("CVE-");
  const after = item.slice(last, last + 20 + nearChars).split(/[.;](?:\s|$)/, 1)[0] ?? "";
  return opposite.test(`${item.slice(Math.max(0, first - nearChars), first)} ${after}`);
}

/** Also broken over lines ("CVE-2024- 1234"), and in short: "CVE-2024-1234/1235", "CVE-2024-{1234,1235}", "CVE-2024-1234, -1235 and -1236". */
export function vulnerabilitiesIn(item: string): readonly string[] {
  const ids = new Set<string>();
  const whole = item.replaceAll(/CVE-\s*(\d{4})\s*-\s+(?=\d)/gi, "CVE-$1-").replaceAll(/CVE-\s+(?=\d{4}-\d)/gi, "CVE-");
  const pattern =
    /CVE-(\d{4})-(?:\{([\d,\s]{4,200})\}|(\d{4,19})((?:(?:\/|,\s*-|\s+and\s+-|,?\s*\/\s*-?)\d{4,19}){0,50}))/gi;
  for (const [, year = "", braces = "", first = "", more = ""] of whole.matchAll(pattern)) {
    for (const number of `${braces} ${first} ${more}`.match(/\d{4,19}/g) ?? []) ids.add(`CVE-${year}-${number}`);
  }
  return [...ids];
}

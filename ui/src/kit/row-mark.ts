// A row's place in a link: its time, to find it again, and a hash of its key, to know it. Pure.

/** "2026-11-23T08:00:00.000Z~1k2j3h". `key` may be long and hold anything; only its hash (FNV-1a, two lanes) leaves. */
export function rowMark(row: { readonly time: string }, key: string): string {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let index = 0; index < key.length; index += 1) {
    const code = key.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
  }
  return `${row.time}~${(low >>> 0).toString(36)}${(high >>> 0).toString(36)}`;
}

/** The window in which a marked row lies, in the API's words; undefined when the text is no mark. */
export function windowOfMark(mark: string): { readonly since: string; readonly until: string } | undefined {
  const timeMs = Date.parse(mark.split("~")[0] ?? "");
  if (!mark.includes("~") || Number.isNaN(timeMs)) return undefined;
  return { since: new Date(timeMs).toISOString(), until: new Date(timeMs + 1).toISOString() };
}

/** A process in a link to the tree of its workload. */
export function processMark(pid: number): string {
  return `pid-${pid}`;
}

/** The process id of such a mark; undefined for anything else. */
export function pidOfMark(mark: string | undefined): number | undefined {
  const digits = /^pid-(\d{1,9})$/.exec(mark ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}

// A gap's words taken apart, so that gaps of one kind can be counted up: the number before them, what was lost, and names with counts behind.

export interface GapParts {
  /** The number before the words; undefined when there is none. */
  readonly count: number | undefined;
  /** What was lost, without a number before it and without the names behind it. */
  readonly what: string;
  readonly names: readonly (readonly [name: string, count: number])[];
  /** "and 3 rules more": names that whoever wrote the gap left out. */
  readonly namesMore: number;
}

/** "12 events of type udp" -> 12, "events of type udp"; "detections ...: Miner 3, Shell, local 2" -> with two names. */
export function gapParts(detail: string): GapParts {
  const [, number = "", words = ""] = /^(?:(\d{1,15}) )?(.*)$/s.exec(detail) ?? [];
  const count = number === "" ? undefined : Number(number);
  const colon = words.lastIndexOf(": ");
  const [, list = "", more = "0"] = /^(.*?)(?:, and (\d{1,9}) rules more)?$/s.exec(words.slice(colon + 2)) ?? [];
  const names = colon < 0 ? undefined : namesOf(list);
  if (names === undefined) return { count, what: words, names: [], namesMore: 0 };
  return { count, what: words.slice(0, colon), names, namesMore: Number(more) };
}

/** The words of gaps of one kind together. */
export function gapWords(parts: readonly GapParts[]): string {
  const [first] = parts;
  if (first === undefined) return "";
  const isCounted = parts.some(({ count }) => count !== undefined);
  const count = isCounted ? `${parts.reduce((sum, one) => sum + (one.count ?? 0), 0)} ` : "";
  const names = gapNames(parts).map(([name, times]) => `${name} ${times}`);
  const more = Math.max(...parts.map(({ namesMore }) => namesMore));
  const list = [...names, ...(more > 0 ? [`and ${more} rules more`] : [])].join(", ");
  return `${count}${first.what}${list === "" ? "" : `: ${list}`}`;
}

/** Names with their sums, the largest first. */
export function gapNames(parts: readonly GapParts[]): readonly (readonly [name: string, count: number])[] {
  const sums = new Map<string, number>();
  for (const { names } of parts) for (const [name, count] of names) sums.set(name, (sums.get(name) ?? 0) + count);
  return [...sums].toSorted((one, other) => other[1] - one[1]);
}

/** Undefined where it is no list of names with numbers; a name may have a comma in it. */
function namesOf(list: string): GapParts["names"] | undefined {
  const names: (readonly [string, number])[] = [];
  let begun = "";
  for (const piece of list.split(", ")) {
    begun = begun === "" ? piece : `${begun}, ${piece}`;
    const found = /^(.+) (\d+)$/.exec(begun);
    if (found === null) continue;
    names.push([found[1] ?? "", Number(found[2])]);
    begun = "";
  }
  return begun === "" ? names : undefined;
}

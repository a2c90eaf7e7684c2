// Names in policies: "example.com" is that name alone; a label "*" stands for one or more whole labels, so "*.example.com" is every
// name below example.com and never example.com itself. Written and matched in lower case without the final dot.

export const nameLimits = {
  /** RFC 1035 2.3.4, as text. */
  nameLengthMax: 253,
  labelLengthMax: 63,
  /** More than one would make matching more than one walk over the labels. */
  starsPerNameMax: 1,
} as const;

export interface NamePattern {
  /** Canonical text. */
  readonly text: string;
  /** Whole labels before the star; the whole name when there is no star. */
  readonly head: string;
  /** Undefined: no star. Else the labels behind it, "" when the star is last. */
  readonly tail: string | undefined;
}

/** "*.Example.com." -> the pattern "*.example.com"; undefined when it is no name, or has more than one star, or a star that is not a whole label. */
export function parseNamePattern(written: string): NamePattern | undefined {
  const text = canonicalName(written);
  if (text.length === 0 || text.length > nameLimits.nameLengthMax) return undefined;
  const labels = text.split(".");
  if (!labels.every(isLabel)) return undefined;
  const star = labels.indexOf("*");
  if (star < 0) return { text, head: text, tail: undefined };
  if (labels.filter((label) => label === "*").length > nameLimits.starsPerNameMax) return undefined;
  return { text, head: labels.slice(0, star).join("."), tail: labels.slice(star + 1).join(".") };
}

/** Lower case, without the final dot: how names are compared everywhere. */
export function canonicalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

function isLabel(label: string): boolean {
  return (
    label === "*" || (label.length <= nameLimits.labelLengthMax && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label))
  );
}

/** Whether a canonical name is one of the pattern's. */
export function matchesName({ head, tail }: NamePattern, name: string): boolean {
  if (tail === undefined) return name === head;
  const front = head === "" ? 0 : head.length + 1;
  const back = tail === "" ? 0 : tail.length + 1;
  // At least one character for the star: labels are never empty, so that is at least one whole label.
  if (name.length < front + back + 1) return false;
  return (front === 0 || name.startsWith(`${head}.`)) && (back === 0 || name.endsWith(`.${tail}`));
}

/** Values by pattern; a look-up costs one step per label, whatever the number of patterns (but those with a star in the middle or at the end). */
export interface NameTable<T> {
  /** The values of all patterns that match, in the order in which they were given, each once. */
  find(name: string): readonly T[];
}

/** Patterns that cannot be parsed match nothing. */
export function createNameTable<T>(entries: readonly { readonly pattern: string; readonly value: T }[]): NameTable<T> {
  const exact = new Map<string, number[]>();
  const below = new Map<string, number[]>();
  const others: { readonly pattern: NamePattern; readonly index: number }[] = [];
  const add = (map: Map<string, number[]>, key: string, index: number) => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [index]);
    else list.push(index);
  };
  for (const [index, entry] of entries.entries()) {
    const pattern = parseNamePattern(entry.pattern);
    if (pattern === undefined) continue;
    if (pattern.tail === undefined) add(exact, pattern.head, index);
    else if (pattern.head === "") add(below, pattern.tail, index);
    else others.push({ pattern, index });
  }
  return {
    find(name) {
      const hits = [...(exact.get(name) ?? [])];
      for (let dot = name.indexOf(".", 1); dot >= 0; dot = name.indexOf(".", dot + 1)) {
        hits.push(...(below.get(name.slice(dot + 1)) ?? []));
      }
      if (name !== ".") hits.push(...(below.get("") ?? []));
      for (const { pattern, index } of others) if (matchesName(pattern, name)) hits.push(index);
      const values = new Set<T>();
      for (const index of hits.toSorted((left, right) => left - right)) {
        const entry = entries[index];
        if (entry !== undefined) values.add(entry.value);
      }
      return [...values];
    },
  };
}

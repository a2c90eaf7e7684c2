// "Did you mean": the known word nearest to an unknown one, for hints in refusals of keys, kinds and options.

/** Edits (insert, delete, replace, swap neighbours) between two words: optimal string alignment, O(a * b). */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (rows[i - 1]?.[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replace, (rows[i - 1]?.[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (rows[i - 2]?.[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}

const wordLengthMax = 64;

/** The nearest of `known` when it is near enough (a third of the word's length, at least 2 edits); case does not count. */
export function nearestKey(word: string, known: readonly string[]): string | undefined {
  if (word.length > wordLengthMax) return undefined;
  const allowed = Math.max(2, Math.floor(word.length / 3));
  let best: { readonly key: string; readonly distance: number } | undefined;
  for (const key of known) {
    const distance = editDistance(word.toLowerCase(), key.slice(0, wordLengthMax).toLowerCase());
    if (distance <= allowed && (best === undefined || distance < best.distance)) best = { key, distance };
  }
  return best?.key;
}

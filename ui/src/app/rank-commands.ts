// Which commands match what was typed, best first: start of the title, start of a word, anywhere, then letters in order.

export interface Rankable {
  readonly title: string;
  readonly note: string;
}

/** All commands for an empty text; equal ranks keep the given order. */
export function rankCommands<T extends Rankable>(commands: readonly T[], typed: string): readonly T[] {
  const needle = typed.trim().toLowerCase();
  if (needle === "") return commands;
  return commands
    .map((command) => ({ command, rank: rankOf(command, needle) }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank)
    .map(({ command }) => command);
}

function rankOf({ title, note }: Rankable, needle: string): number {
  const name = title.toLowerCase();
  if (name.startsWith(needle)) return 5;
  if (name.split(/[\s./_-]+/).some((word) => word.startsWith(needle))) return 4;
  if (name.includes(needle)) return 3;
  if (note.toLowerCase().includes(needle)) return 2;
  let from = 0;
  for (const letter of needle) {
    const at = name.indexOf(letter, from);
    if (at === -1) return 0;
    from = at + 1;
  }
  return 1;
}

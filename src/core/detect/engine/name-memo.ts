// Judgements about programs by their short name alone. Names are few, and processes that bear them come and go all the time.

/** Whoever executes ever new names makes the memo begin anew, not grow. */
const namesMax = 512;

export interface NameMemo {
  /** A list to remember in, the same one for the same name. */
  of(name: string): number[];
}

export function createNameMemo(): NameMemo {
  const known = new Map<string, number[]>();
  return {
    of(name) {
      const found = known.get(name);
      if (found !== undefined) return found;
      if (known.size >= namesMax) known.clear();
      const made: number[] = [];
      known.set(name, made);
      return made;
    },
  };
}

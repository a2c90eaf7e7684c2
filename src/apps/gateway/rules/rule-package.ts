// Everything that a rule set is read from, as plain data: one thread reads the files, the others get the same bytes. Who reads first records what rules
// included and which word lists they named.
import type { RuleFile, RuleFiles } from "../../../core/waf/seclang/parsed.ts";

type Included = readonly RuleFile[] | { readonly refused: string };
type WordList = string | { readonly refused: string };

export interface RulePackage {
  readonly files: readonly RuleFile[];
  /** "4.28.0" and the like; "" where the files do not say. */
  readonly version: string;
  readonly kind: string;
  /** By asking file and what it asked for. */
  readonly included: ReadonlyMap<string, Included>;
  readonly wordLists: ReadonlyMap<string, WordList>;
}

export interface RecordedFiles {
  readonly reader: RuleFiles;
  /** What was asked for until now. */
  take(): Pick<RulePackage, "included" | "wordLists">;
}

export function recordFiles(reader: RuleFiles): RecordedFiles {
  const included = new Map<string, Included>();
  const wordLists = new Map<string, WordList>();
  return {
    reader: {
      include(pattern, from) {
        const found = reader.include(pattern, from);
        included.set(keyOf(from, pattern), found);
        return found;
      },
      wordList(path, from) {
        const found = reader.wordList(path, from);
        wordLists.set(keyOf(from, path), found);
        return found;
      },
    },
    take: () => ({ included, wordLists }),
  };
}

/** The same answers again, from memory. What was not asked for then is refused. */
export function replayFiles({ included, wordLists }: Pick<RulePackage, "included" | "wordLists">): RuleFiles {
  const refused = { refused: "it was not read with the rule set" };
  return {
    include: (pattern, from) => included.get(keyOf(from, pattern)) ?? refused,
    wordList: (path, from) => wordLists.get(keyOf(from, path)) ?? refused,
  };
}

function keyOf(from: string, asked: string): string {
  return `${from}\0${asked}`;
}

// Which keys changed at which revision, lately: whoever follows a book need not look at all of it. Bounded; who was away for longer looks at everything.

export const changeLogLimits = {
  /** Changes that are remembered; the older half leaves. */
  changesMax: 20_000,
} as const;

export interface ChangeLog {
  /** Revisions never fall. */
  add(revision: number, key: string): void;
  /** Keys that changed after a revision, each once; undefined: not remembered so far back. */
  since(revision: number): readonly string[] | undefined;
  /** Everything changed at this revision. */
  clear(revision: number): void;
}

export function createChangeLog(): ChangeLog {
  let changes: { readonly revision: number; readonly key: string }[] = [];
  /** Of all revisions after this one everything is remembered. */
  let rememberedSince = 0;
  return {
    add(revision, key) {
      changes.push({ revision, key });
      if (changes.length <= changeLogLimits.changesMax) return;
      const left = changes.splice(0, changes.length >> 1);
      rememberedSince = left.at(-1)?.revision ?? rememberedSince;
    },
    since(revision) {
      if (revision < rememberedSince) return undefined;
      const keys = new Set<string>();
      for (let at = changes.length - 1; at >= 0; at -= 1) {
        const change = changes[at];
        if (change === undefined || change.revision <= revision) break;
        keys.add(change.key);
      }
      return [...keys];
    },
    clear(revision) {
      changes = [];
      rememberedSince = revision;
    },
  };
}

// Pods of one template have equal labels: in an agent's memory they are one object, however many control messages brought them.
import type { IdentityEntry } from "../../model/identity-entry.ts";

/** Distinct sets of labels that are remembered; then sharing begins anew. */
export const labelSetsMax = 50_000;

export interface LabelShare {
  /** The entry with labels that equal entries share. */
  shared(entry: IdentityEntry): IdentityEntry;
  clear(): void;
}

export function createLabelShare(): LabelShare {
  let known = new Map<string, Record<string, string>>();
  return {
    shared(entry) {
      if (entry.labels === undefined) return entry;
      const text = JSON.stringify(entry.labels);
      const labels = known.get(text);
      if (labels !== undefined) return labels === entry.labels ? entry : { ...entry, labels };
      if (known.size >= labelSetsMax) known = new Map();
      known.set(text, entry.labels);
      return entry;
    },
    clear() {
      known = new Map();
    },
  };
}

// Limits of sources, and the fault of one that cannot be read.
import { Fault } from "../../../base/fault.ts";

export const documentLimits = {
  /** Files of a folder, entries of an archive. */
  documents: 2_000_000,
  /** Folders within folders. */
  depth: 12,
  /** Inflated bytes of one document. */
  inflatedBytes: 8 * 2 ** 30,
} as const;

export function unreadable(why: string): Fault {
  return new Fault(why, { code: "advisories/unreadable-source", kind: "usage" });
}

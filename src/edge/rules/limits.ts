// Named limits of reading rule folders; what the SecLang reader takes is limited there again.
import { seclangLimits } from "../../core/waf/seclang/limits.ts";

export interface RuleFolderLimits {
  readonly fileBytesMax: number;
  readonly totalBytesMax: number;
  readonly filesMax: number;
  /** Entries of one folder that a glob looks at. */
  readonly entriesMax: number;
}

export const ruleFolderLimits: RuleFolderLimits = {
  fileBytesMax: seclangLimits.fileBytesMax,
  totalBytesMax: seclangLimits.totalBytesMax,
  filesMax: seclangLimits.filesMax,
  entriesMax: 10_000,
};

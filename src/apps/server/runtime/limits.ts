// How much of audit files is read, and how much detection at the audit door may tell; what is beyond a limit is counted.
import { foreignLimits } from "../../../core/foreign/limits.ts";

export const auditFileLimits = {
  /** How often a file is looked at. */
  everyMs: 1000,
  /** Read at once; between two reads other work goes on. */
  chunkBytes: 1024 * 1024,
  /** Chunks of one look, so that a large old file does not hold the others up. */
  chunksPerLookMax: 16,
  /** A longer line is skipped whole, and counted. */
  lineBytesMax: foreignLimits.lineLengthMax,
  /** First bytes by which a file is known again that was emptied and written anew. */
  headBytesMax: 256,
  /** Names looked at in the folder, for the file that was rotated away while nobody read. */
  siblingsMax: 1000,
  filesMax: 16,
} as const;

export const auditDetectLimits = {
  /** Clusters that have rules of their own in memory; the one that was not heard of for the longest time goes first. */
  clustersMax: 64,
  /** Detections of one audit event that become rows. */
  detectionsPerEventMax: 8,
  /** Problems that a refusal of rules names. */
  problemsNamedMax: 5,
} as const;

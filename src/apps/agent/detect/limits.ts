// How much of the node detection may take, and how many rules it may be given; what is beyond a limit is counted and told.

export const detectLimits = {
  /** Files of the rule folder, one file, all files together. */
  filesMax: 500,
  fileBytesMax: 4 * 1024 * 1024,
  totalBytesMax: 32 * 1024 * 1024,
  /** How often the folder is looked at. */
  folderEveryMs: 10_000,
  /** Events judged between two looks at the clock. */
  sliceEvents: 128,
  /** Time that may be saved up: a burst is judged whole, a flood is not. Milliseconds of one core. */
  savedMsMax: 500,
  /** How often absences fall due and rates expire. */
  tickEveryMs: 1000,
  /** Rules that a loss names. */
  rulesNamedMax: 5,
  /** Containers remembered as privileged; beyond it all are forgotten, and learnt again from their processes. */
  privilegedMax: 4096,
} as const;

// Named limits of the server's images.
export const deskLimits = {
  /** Distinct packages matched between two breaths of the event loop; and for how long at most. */
  matchSliceMs: 20,
  subjectsPerRead: 1000,
  /** Analyses that are kept opened (the screens of one image ask several times). */
  openAnalysesMax: 8,
  /** How often running images, files in use and exposure are asked anew when somebody looks. */
  surroundingsMs: 30_000,
  /** Over which time files in use and connections from outside are looked for. */
  useWindow: "24h",
  /** How often the advisory database's manifest is looked at. */
  databaseLookMs: 15_000,
  /** How long a database that was replaced stays open. */
  databaseRetiredMs: 60_000,
  /** An analysis up to this size is read on the server's own thread; larger ones, and compressed ones, in a worker. */
  submitAtOnceBytesMax: 1024 * 1024,
  submitsReadMax: 2,
  submitReadMsMax: 60_000,
  jobsWaitingMax: 200,
  jobsKept: 200,
  scanMsMax: 15 * 60_000,
  scanOldSpaceMegabytesMax: 1024,
} as const;

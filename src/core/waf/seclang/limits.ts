// Named limits of the SecLang reader. What is over one is refused with its position; nothing is cut in silence.
export const seclangLimits = {
  fileBytesMax: 4 * 1024 * 1024,
  totalBytesMax: 64 * 1024 * 1024,
  filesMax: 2000,
  /** One directive with its continuation lines. */
  directiveBytesMax: 256 * 1024,
  rulesMax: 50_000,
  /** Of a team's overlay: one team does not use up what is there for all. */
  overlayRulesMax: 2000,
  /** Words of all rules of an overlay together, counted for each rule that names them. */
  overlayWordsMax: 100_000,
  /** Names of members that an overlay sets. */
  overlayKeyBytesMax: 256,
  chainLinksMax: 64,
  includeDepthMax: 16,
  actionsMax: 512,
  variablesMax: 512,
  /** Of an expression that selects members, tags or messages. */
  selectorBytesMax: 2048,
  wordsMax: 500_000,
  wordBytesMax: 16 * 1024,
  macroNameBytesMax: 256,
  updatesMax: 20_000,
  idMax: 999_999_999_999,
  /** Told one by one; the rest is counted. */
  problemsMax: 5000,
  problemsPerFileMax: 200,
} as const;

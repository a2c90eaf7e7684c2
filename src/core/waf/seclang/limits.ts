// Named limits of the SecLang reader. What is over one is refused with its position; nothing is cut in silence.
export const seclangLimits = {
  fileBytesMax: 4 * 1024 * 1024,
  totalBytesMax: 64 * 1024 * 1024,
  filesMax: 2000,
  /** One directive with its continuation lines. */
  directiveBytesMax: 256 * 1024,
  rulesMax: 50_000,
  chainLinksMax: 64,
  includeDepthMax: 16,
  actionsMax: 512,
  variablesMax: 512,
  wordsMax: 500_000,
  wordBytesMax: 16 * 1024,
  macroNameBytesMax: 256,
  updatesMax: 20_000,
  idMax: 999_999_999_999,
  /** Told one by one; the rest is counted. */
  problemsMax: 1000,
} as const;

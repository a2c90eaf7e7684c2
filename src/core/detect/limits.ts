// Named limits of rules and of the engine; what goes beyond is refused by itself or falls out and is counted.
import type { DetectLimits } from "./contract.ts";

export const ruleLimits = {
  /** Characters of one condition, as written and with its appended parts. */
  conditionCharactersMax: 65_536,
  /** Brackets and "not" inside each other. */
  depthMax: 200,
  /** Of one rule, macros and lists written out. */
  nodesMax: 20_000,
  /** Values of one list, lists inside it written out. */
  listItemsMax: 50_000,
  /** Macros inside macros. */
  macroDepthMax: 50,
  rulesMax: 10_000,
  problemsMax: 5000,
  outputCharactersMax: 8192,
  exceptionValuesMax: 10_000,
  /** Of a regular expression with its counted repeats written out: each character of a text may cost so many steps. */
  patternInstructionsMax: 1000,
  stepsMax: 12,
  groupFieldsMax: 8,
  withinMsMax: 7 * 86_400_000,
} as const;

export const defaultDetectLimits: DetectLimits = {
  processesMax: 32_768,
  processBytesMax: 32 * 1024 * 1024,
  ancestorsMax: 16,
  pathsMax: 65_536,
  rateBurst: 10,
  rateEveryMs: 60_000,
  rateKeysMax: 20_000,
  statesMax: 50_000,
  statesOfRuleMax: 10_000,
  latenessMs: 2000,
  evidenceMax: 24,
  evidenceCharactersMax: 512,
  outputCharactersMax: 4096,
};

// The list of rules that come with Garrison, in the order in which they are read; files of others come after them and may override.
import type { RuleFile } from "../contract.ts";
import { auditRules, auditWords } from "./audit-rules.ts";
import { credentialRules } from "./credentials.ts";
import { evasionRules } from "./evasion.ts";
import { executionRules } from "./execution.ts";
import { hostAccessRules } from "./host-access.ts";
import { persistenceRules } from "./persistence.ts";
import { preparationRules } from "./preparation.ts";
import { rememberingAuditRules, rememberingNodeRules } from "./remembering.ts";
import { builtinFile, garrisonFile } from "./rule-item.ts";
import { builtinLists, builtinMacros } from "./words.ts";

/** Rules on what happens on nodes. */
export const nodeRuleFiles: readonly RuleFile[] = [
  builtinFile("words", [...builtinLists, ...builtinMacros]),
  builtinFile("host-access", hostAccessRules),
  builtinFile("execution", executionRules),
  builtinFile("credentials", credentialRules),
  builtinFile("persistence", persistenceRules),
  builtinFile("preparation", preparationRules),
  builtinFile("evasion", evasionRules),
  garrisonFile("sequences", rememberingNodeRules),
];

/** Rules on Kubernetes audit events. */
export const auditRuleFiles: readonly RuleFile[] = [
  builtinFile("audit-words", auditWords),
  builtinFile("audit", auditRules),
  garrisonFile("audit-thresholds", rememberingAuditRules),
];

/** All of them. */
export const builtinRuleFiles: readonly RuleFile[] = [...nodeRuleFiles, ...auditRuleFiles];

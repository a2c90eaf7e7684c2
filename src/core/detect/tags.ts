// Tags are free texts, but two kinds have a meaning: an ATT&CK technique and, as Falco's rules write it, a tactic. A slip in one of them would be lost in silence.
import { didYouMean } from "./problems.ts";

/** MITRE ATT&CK's tactics for enterprises, as Falco's rules write them. */
const tactics = [
  "reconnaissance",
  "resource_development",
  "initial_access",
  "execution",
  "persistence",
  "privilege_escalation",
  "defense_evasion",
  "credential_access",
  "discovery",
  "lateral_movement",
  "collection",
  "command_and_control",
  "exfiltration",
  "impact",
].map((name) => `mitre_${name}`);

/** What is odd about a tag that means to name a technique or a tactic; undefined for every other one. */
export function tagProblem(tag: string): { readonly message: string; readonly hint: string } | undefined {
  if (/^(?:attack\.)?t\d[\d.]*$/i.test(tag) && !/^(?:attack\.)?t\d{4}(?:\.\d{3})?$/i.test(tag))
    return { message: `the tag ${JSON.stringify(tag)} is no technique of ATT&CK`, hint: "T1059, or T1059.004" };
  if (!tag.startsWith("mitre_") || tactics.includes(tag)) return undefined;
  return { message: `the tag ${JSON.stringify(tag)} is no tactic of ATT&CK`, hint: didYouMean(tag, tactics) };
}

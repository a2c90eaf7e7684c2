// Named limits of WAF policies; what is over one is refused and told.
export const wafPolicyLimits = {
  policiesMax: 2000,
  /** Rules that the whole exclusions of one policy (no member named, every path) may take away in all, where a floor holds a mode. */
  wholeRulesMax: 50,
  candidateRulesMax: 64,
} as const;

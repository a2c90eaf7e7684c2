// Named limits of WAF policies; what is over one is refused and told.
export const wafPolicyLimits = {
  policiesMax: 2000,
  /** Rules that the whole exclusions of one policy (neither a member nor a place, see narrow.ts) may take away in all, where a floor holds a mode. */
  wholeRulesMax: 50,
  /** Characters that an expression for members must begin with, to mean some of them and not all. */
  memberPrefixMin: 3,
  /** What a team's budget has at least where a floor holds a mode. */
  heldBudgetMin: { milliseconds: 50, bytes: 4 * 1024 * 1024 },
  candidateRulesMax: 64,
} as const;

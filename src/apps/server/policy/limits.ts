// Named limits of the server's policy side.

export const policyDeskLimits = {
  /** Clusters whose engine is kept; the one that was asked for longest ago is forgotten and made anew when it is asked for. */
  enginesMax: 8,
  /** A world is looked at again after so long. */
  worldKeptMs: 2000,
  /** Policies are read again after so long even when nobody told of a change: another server may have made it. */
  resourcesKeptMs: 10_000,
  /** Old and deleted policies that are looked through for a rule that today's set does not have. */
  historyPoliciesMax: 2000,
  /** How long rules of old policies are remembered. */
  historyKeptMs: 60_000,
  /** How long counts of a window are believed: a board and its policies' pages ask for the same. */
  countsKeptMs: 3000,
  countsMax: 64,
  /** How long the findings of checks are believed while the policies are the same. */
  lintKeptMs: 30_000,
  /** With more policies the checks are not run: they look at pairs of policies, and other requests would wait. The command line runs them. */
  lintPoliciesMax: 500,
  /** Pods of one workload that are looked at for the policies that apply to it. */
  workloadPodsMax: 1000,
  /** Keys of flows that a board's judged numbers rest on: the busiest. */
  judgedFlowsMax: 10_000,
} as const;

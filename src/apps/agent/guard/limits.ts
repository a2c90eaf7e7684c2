// Named limits of the guard's side of the agent.
export const guardSideLimits = {
  policiesMax: 1000,
  /** Containers and cgroups that are in a policy's scope at the same time. */
  holdersMax: 4096,
  /** Every holder and every file is looked at again this often. */
  reconcileEveryMs: 5000,
  /** A changed resource, and an exec in a cgroup or mount namespace that is not known yet, are acted on no later than this. */
  tickEveryMs: 200,
  /** Of an unknown place at most so often: making cgroups in a loop must not keep the agent busy. */
  reconcileSoonestMs: 200,
  placesKnownMax: 16_384,
  /** After a drill that proved a plane, the next one. */
  drillEveryMs: 60 * 60_000,
  /** After one that failed. */
  drillAgainMs: 60_000,
  drillMsMax: 5000,
  /** Security events of one rule and program in a tick beyond the first are counted on it. */
  rowsPerTickMax: 500,
  planRowsMax: 40,
  /** A guard for pinned policies that could not be opened is tried again so often. */
  pinAgainMs: 60_000,
  /** So long a new agent holds pinned policies beside the links of the run before it: containers are recognised one by one. */
  pinHandoverMs: 30_000,
  /** Earlier runs that died before that: the last ones of them stay pinned until then. */
  pinRunsMax: 4,
  problemsMax: 10,
} as const;

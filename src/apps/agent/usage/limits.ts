// Named limits of learning and of looking at containers' rights.

export const usageLimits = {
  /** Containers that are known at a time; the longest unseen one falls out. */
  containersMax: 2000,
  /** How often processes of containers are gone through, to find new containers. */
  roundMs: 2000,
  /** How often what the kernel keeps is read and told. */
  flushMs: 10_000,
  /** A row without news says that it was watched, this often. */
  quietRowMs: 10 * 60_000,
  /** All names are told again, so that nothing is lost with old rows. */
  wholeRowMs: 24 * 60 * 60_000,
  executablesMax: 500,
  /** A container that is gone for so long is forgotten. */
  goneMs: 5 * 60_000,
  /** Workloads and images whose first minutes were learnt. */
  firstsMax: 5000,
  /** Before a new container is looked at: its runtime is done and its name is known by then. */
  settleMs: 3000,
  /** How often the rights of a container are looked at again. */
  lookEveryMs: 60_000,
  /** A change is told at once, but not more often than this. */
  changeEveryMs: 10 * 60_000,
  /** The same posture is told again this often. */
  postureAgainMs: 60 * 60_000,
  /** A look costs up to some ten milliseconds. */
  looksPerTick: 2,
  /** Learning that the kernel refused is tried again this often. */
  retryMs: 10 * 60_000,
} as const;

// Named limits of runtime policies. What goes over one is refused with its name, never cut.
export const runtimeLimits = {
  /** Policies of one text. */
  policiesMax: 1000,
  /** Rules of one policy, whatever its language. */
  rulesMax: 1024,
  /** Bytes of a path in a rule: what the kernel's key holds. */
  pathBytesMax: 247,
  /** Rules that may speak about one path (with different sources or owners). */
  choicesMax: 6,
  /** Programs that rules of the policies of one workload are limited to. */
  sourcesMax: 32,
  /** Ports that a range is written out to. */
  portsMax: 64,
  problemsMax: 1000,
} as const;

// How much a learnt baseline can be believed: by hours, replicas, restarts and how long nothing new was seen; always with the reasons.

export interface Observed {
  /** Distinct hours of the window in which the workload did anything that was seen. */
  readonly hours: number;
  readonly replicas: number;
  /** Starts of containers (of units: of main processes) that were seen. */
  readonly restarts: number;
  readonly firstMs: number;
  /** When the newest item was first seen. */
  readonly newestItemMs: number;
  readonly nowMs: number;
  /** Why not everything was looked at; "" when it was. */
  readonly incomplete: string;
}

export interface Confidence {
  readonly score: number;
  readonly level: "low" | "medium" | "high";
  readonly hours: number;
  readonly replicas: number;
  readonly restarts: number;
  readonly quietHours: number;
  readonly because: readonly string[];
}

/** What full marks ask for. */
export const confidenceGoals = { hours: 72, quietHours: 24, replicas: 2, restarts: 1 } as const;
const points = { hours: 40, quiet: 35, replicas: 10, restarts: 15 } as const;
const hourMs = 3_600_000;
/** Of an incomplete look no more than this can be said. */
const incompleteMax = 50;

export function confidenceOf(observed: Observed): Confidence {
  const { hours, replicas, restarts, nowMs, firstMs, newestItemMs, incomplete } = observed;
  const quietHours = Math.max(0, Math.floor((nowMs - Math.max(firstMs, newestItemMs)) / hourMs));
  const share = (value: number, goal: number): number => Math.min(1, value / goal);
  const sum =
    points.hours * share(hours, confidenceGoals.hours) +
    points.quiet * share(quietHours, confidenceGoals.quietHours) +
    points.replicas * share(replicas, confidenceGoals.replicas) +
    points.restarts * share(restarts, confidenceGoals.restarts);
  const score = Math.round(incomplete === "" ? sum : Math.min(incompleteMax, sum));
  return {
    score,
    level: score >= 75 ? "high" : score >= 40 ? "medium" : "low",
    hours,
    replicas,
    restarts,
    quietHours,
    because: reasonsOf(observed, quietHours),
  };
}

function reasonsOf({ hours, replicas, restarts, incomplete }: Observed, quietHours: number): string[] {
  const because: string[] = [];
  if (hours < confidenceGoals.hours)
    because.push(
      `seen in ${hours === 1 ? "1 hour" : `${hours} hours`}; ${confidenceGoals.hours} show most of what happens by day and by night`,
    );
  if (quietHours < confidenceGoals.quietHours)
    because.push(
      quietHours === 0
        ? "something new was seen within the last hour: it still learns"
        : `nothing new for ${quietHours} h; ${confidenceGoals.quietHours} h without news say that it has settled`,
    );
  if (replicas < confidenceGoals.replicas) because.push("one replica only: what others do differently is not known");
  if (restarts < confidenceGoals.restarts)
    because.push("no start was seen: what happens only at a start is not learnt");
  if (incomplete !== "") because.push(`not everything was looked at: ${incomplete}`);
  if (because.length === 0)
    because.push(
      `seen in ${hours} hours, ${replicas} replicas and ${restarts} starts; nothing new for ${quietHours} h`,
    );
  return because;
}

// Figures of all workers as one.
import type { WorkerFigures } from "./worker/messages.ts";

type Counts = Readonly<Record<string, number>>;

const none: WorkerFigures = {
  http: {
    connections: 0,
    connectionsOpen: 0,
    connectionsRefused: 0,
    requests: 0,
    malformed: 0,
    blocked: 0,
    upstreamFailures: {},
    timeouts: 0,
    tunnels: 0,
    errors: 0,
    heldBytes: 0,
  },
  inspector: { inspected: 0, unselected: 0, notInspected: {}, evaluationUs: 0 },
  doors: {},
  engine: { transactions: 0, memoEntries: 0, memoHits: 0, budgetExceeded: 0 },
  eventsDropped: 0,
  heapBytes: 0,
};

/** A worker that has not told any yet counts as nothing. */
export function sumOfFigures(all: readonly (WorkerFigures | undefined)[]): WorkerFigures {
  return all.reduce<WorkerFigures>((sum, one) => (one === undefined ? sum : add(sum, one)), none);
}

function add(a: WorkerFigures, b: WorkerFigures): WorkerFigures {
  return {
    http: {
      ...sumNumbers(a.http, b.http),
      upstreamFailures: addCounts(a.http.upstreamFailures, b.http.upstreamFailures),
    },
    inspector: {
      ...sumNumbers(a.inspector, b.inspector),
      notInspected: { ...addCounts(a.inspector.notInspected, b.inspector.notInspected) },
    },
    doors: addCounts(a.doors, b.doors),
    engine: sumNumbers(a.engine, b.engine),
    eventsDropped: a.eventsDropped + b.eventsDropped,
    heapBytes: a.heapBytes + b.heapBytes,
  };
}

/** Fields that are numbers are added; the others are the first's. */
function sumNumbers<T extends object>(a: T, b: T): T {
  const sum = new Map<string, unknown>(Object.entries(a));
  for (const [name, value] of Object.entries(b)) {
    if (typeof value === "number") sum.set(name, Number(sum.get(name)) + value);
  }
  return Object.fromEntries(sum) as T;
}

function addCounts(a: Counts, b: Counts): Counts {
  const sum: Record<string, number> = { ...a };
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

// Losses as a part of Garrison's own health: who lost how much of what within the last hour, from the agents' counters and from the gaps in
// the store. Neither is enough: counters are forgotten with a restart of the server, gaps come late and may be lost themselves.
import type { Clock } from "../../base/clock.ts";
import { toFault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";
import type { StateStore } from "../../core/state/ports.ts";
import type { LossTotal, Queries } from "../../edge/store/queries/queries.ts";
import type { Node } from "../../model/node.ts";
import { addUp, lossHistory, lossLimits, type LastHour } from "./loss-history.ts";
import { nodeOf } from "./nodes.ts";
import { startReconciler } from "./reconcile.ts";

export interface LossWatch extends AsyncDisposable {
  /** One sentence for each connected agent that lost something; `gapsUnknown` says why the store's gaps are not in it, or "". */
  look(
    nodes: readonly Node[],
    isStoreUp: boolean,
  ): Promise<{ readonly losses: readonly string[]; readonly gapsUnknown: string }>;
}

export interface LossWatchParts {
  readonly state: Pick<StateStore, "agents">;
  readonly queries: Pick<Queries, "lossesSince">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Looks at counters once a minute, and whenever it is asked. Disposing waits for the look under way. */
export function startLossWatch({ state, queries, clock, logger }: LossWatchParts): LossWatch {
  const history = lossHistory();
  let readAtMs = -Infinity;
  let known: Promise<readonly LossTotal[]> = Promise.resolve([]);

  function gapsOfTheHour(): Promise<readonly LossTotal[]> {
    const nowMs = clock.nowMs();
    if (nowMs - readAtMs < lossLimits.gapsKeptMs) return known;
    readAtMs = nowMs;
    known = queries.lossesSince(nowMs - lossLimits.windowMs);
    // Whoever waits for it is told; the next one asks again.
    known.catch(() => (readAtMs = -Infinity));
    return known;
  }

  const looking = startReconciler({
    name: "losses",
    everyMs: lossLimits.lookMs,
    logger,
    async run() {
      const nowMs = clock.nowMs();
      history.note(
        (await state.agents.list()).map((agent) => nodeOf(agent, nowMs)),
        nowMs,
      );
    },
  });

  return {
    async look(nodes, isStoreUp) {
      let gapsUnknown = "";
      const gaps = await (isStoreUp ? gapsOfTheHour() : Promise.resolve([])).catch((thrown: unknown) => {
        gapsUnknown = toFault(thrown).message;
        logger.warn({ error: gapsUnknown }, "the gaps of the last hour cannot be read");
        return [];
      });
      const nowMs = clock.nowMs();
      history.note(nodes, nowMs);
      const losses = nodes
        .filter(({ state }) => state === "connected")
        .map((node) => {
          const own = gaps.filter((gap) => gap.node === node.name && gap.cluster === node.cluster);
          return lossText(node.name, history.lastHour(node, nowMs), own);
        })
        .filter((text) => text !== "");
      return { losses, gapsUnknown };
    },
    [Symbol.asyncDispose]: () => looking[Symbol.asyncDispose](),
  };
}

const typesShownMax = 3;

const figure = (count: number): string => count.toLocaleString("en");

function rowsOf(gaps: readonly LossTotal[], reason: string): number {
  return gaps.filter((gap) => gap.reason === reason).reduce((total, { rows }) => total + rows, 0);
}

/** Drops in the ring by event type, by whichever source knows of more. */
function ringOf(hour: LastHour | undefined, gaps: readonly LossTotal[]): Readonly<Record<string, number>> {
  const counted = hour?.risen.ringByType ?? {};
  const told: Record<string, number> = {};
  for (const { reason, eventType, rows } of gaps) {
    if (reason === "ring-full") told[eventType] = (told[eventType] ?? 0) + rows;
  }
  return addUp(told) > addUp(counted) ? told : counted;
}

function typesOf(ring: Readonly<Record<string, number>>): string {
  const types = Object.entries(ring)
    .filter(([type, count]) => type !== "" && count > 0)
    .sort(([, a], [, b]) => b - a);
  if (types.length === 0) return "";
  const shown = types.slice(0, typesShownMax).map(([type, count]) => `${type} ${figure(count)}`);
  return ` (${shown.join(", ")}${types.length > typesShownMax ? ", ..." : ""})`;
}

/** "agent a lost 30 of 130 events and 5 rows in the last hour: ring-full (tcp-open 30), spool-full 5; see gaps"; "" when nothing was lost. */
export function lossText(name: string, hour: LastHour | undefined, gaps: readonly LossTotal[]): string {
  const ring = ringOf(hour, gaps);
  const events = addUp(ring);
  const queue = Math.max(hour?.risen.queue ?? 0, rowsOf(gaps, "queue-full"));
  const spool = Math.max(hour?.risen.spool ?? 0, rowsOf(gaps, "spool-full"));
  const rows = queue + spool;
  if (events + rows === 0 && gaps.length === 0) return "";
  const of = hour?.isWhole === true ? ` of ${figure(hour.risen.events + events)}` : "";
  const what = [
    ...(events > 0 ? [`${figure(events)}${of} events`] : []),
    ...(rows > 0 ? [`${figure(rows)} rows`] : []),
    ...(events + rows === 0 ? ["rows that nobody could count"] : []),
  ];
  const uncounted = (reason: string): string[] => (gaps.some((gap) => gap.reason === reason) ? [reason] : []);
  const why = [
    ...(events > 0 ? [`ring-full${typesOf(ring)}`] : uncounted("ring-full")),
    ...(queue > 0 ? [`queue-full ${figure(queue)}`] : uncounted("queue-full")),
    ...(spool > 0 ? [`spool-full ${figure(spool)}`] : uncounted("spool-full")),
  ];
  return `agent ${name} lost ${what.join(" and ")} in the last hour: ${why.join(", ")}; see gaps`;
}

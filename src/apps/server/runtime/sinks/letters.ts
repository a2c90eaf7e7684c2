// What one may do with dead letters: look, send again, throw away.
import { Fault, toFault } from "../../../../base/fault.ts";
import type { DeadLetter, SinkRecords } from "../../../../core/state/sink-ports.ts";
import { isUndeliverable, type SinkConnection } from "../../../../edge/sinks/sink.ts";
import { SecurityEvent } from "../../../../model/security-event.ts";
import type { SinkDeadLetter } from "../../contract/sinks.ts";
import { sinksLimits } from "./limits.ts";
import { outgoingOf } from "./outgoing.ts";

export interface Replayed {
  readonly delivered: number;
  readonly failed: number;
  readonly left: number;
  readonly because: string;
}

/** The event as it was kept; undefined when it is none any more. */
function eventOf({ event }: DeadLetter): SecurityEvent | undefined {
  try {
    const parsed = SecurityEvent.safeParse(JSON.parse(event));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // The letter is shown without its event; it can be thrown away.
    return undefined;
  }
}

export function shownLetter(letter: DeadLetter): SinkDeadLetter {
  const event = eventOf(letter);
  const { id, because, attempts } = letter;
  return {
    id,
    time: new Date(letter.timeMs).toISOString(),
    because,
    attempts,
    ...(event === undefined ? {} : { event }),
  };
}

export interface ReplayParts {
  readonly sink: string;
  readonly records: SinkRecords;
  readonly connection: SinkConnection;
  readonly ids: readonly number[] | undefined;
  /** A clock that never goes back. */
  readonly steadyMs: () => number;
}

/** Sends letters one by one, the oldest first. Ends at the first that would fail for any event, after a number of them, or after some time. */
export async function replay({ sink, records, connection, ids, steadyMs }: ReplayParts): Promise<Replayed> {
  const wanted = ids === undefined ? undefined : new Set(ids);
  const endsMs = steadyMs() + sinksLimits.replayMs;
  let [delivered, failed, because, afterId] = [0, 0, "", 0];
  for (let isEnd = false; !isEnd;) {
    const page = await records.deadLetters(sink, { afterId, limit: sinksLimits.lettersPageMax });
    isEnd = page.length < sinksLimits.lettersPageMax;
    for (const letter of page) {
      afterId = letter.id;
      if (wanted !== undefined && !wanted.has(letter.id)) continue;
      const isEnough = delivered + failed >= sinksLimits.replayMax || steadyMs() > endsMs;
      const fault = isEnough ? enough() : await sendAgain(letter, { records, connection });
      if (fault === undefined) {
        delivered += 1;
        await records.removeDeadLetters(sink, [letter.id]);
        continue;
      }
      because = fault.message;
      if (!isEnough) failed += 1;
      isEnd = isEnough || !isUndeliverable(fault);
      if (isEnd) break;
    }
  }
  return { delivered, failed, left: await records.countDeadLetters(sink), because };
}

function enough(): Fault {
  return new Fault("that is as many as one request sends; replay again for the rest", {
    code: "sinks/replay-limit",
    kind: "limited",
  });
}

async function sendAgain(
  letter: DeadLetter,
  { records, connection }: Pick<ReplayParts, "records" | "connection">,
): Promise<Fault | undefined> {
  const event = eventOf(letter);
  const unreadable = { code: "sinks/event-refused", kind: "internal" } as const;
  if (event === undefined) return new Fault("what was kept of an event cannot be read any more", unreadable);
  try {
    await connection.send([outgoingOf(event)]);
    return undefined;
  } catch (thrown) {
    const fault = toFault(thrown);
    await records.failedAgain(letter.id, fault.message);
    return fault;
  }
}

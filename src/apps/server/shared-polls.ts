// Equal polls of live streams are one query: readers at the same cursor with the same filter get one answer, which also brings them to the
// same next cursor. An answer is shared while it is asked for and half a tick longer; what a stream delivers stays whole.
import type { Queries } from "../../edge/store/queries/queries.ts";

export const sharedPollLimits = {
  /** How long an answer serves others after it came. */
  keptMs: 500,
  answersMax: 128,
} as const;

/** `steadyMs` is a clock that never goes back. A poll that failed is not shared any further. */
export function sharedPolls(queries: Queries, steadyMs: () => number): Queries {
  const answers = new Map<string, { readonly answer: Promise<unknown>; endsMs: number }>();

  function shared<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const nowMs = steadyMs();
    const found = answers.get(key);
    // The key says which query it was, so the answer has its type.
    if (found !== undefined && found.endsMs > nowMs) return found.answer as Promise<T>;
    for (const [old, { endsMs }] of answers) if (endsMs <= nowMs) answers.delete(old);
    const answer = ask();
    if (answers.size >= sharedPollLimits.answersMax) return answer;
    const entry = { answer, endsMs: Number.POSITIVE_INFINITY };
    answers.set(key, entry);
    answer.then(
      () => (entry.endsMs = steadyMs() + sharedPollLimits.keptMs),
      () => answers.delete(key),
    );
    return answer;
  }

  return {
    ...queries,
    // A stream's first part ("" = begin now) is its own: where it begins is when it asked.
    flowsSince: (cursor, ...given) => {
      const ask = () => queries.flowsSince(cursor, ...given);
      return cursor === "" ? ask() : shared(JSON.stringify(["flows", cursor, given]), ask);
    },
    eventsSince: (cursor, ...given) => {
      const ask = () => queries.eventsSince(cursor, ...given);
      return cursor === "" ? ask() : shared(JSON.stringify(["events", cursor, given]), ask);
    },
  };
}

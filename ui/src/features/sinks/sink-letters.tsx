// Dead letters of a sink: which events, why, and the two ways out: send again, throw away.
import { useState } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { Age } from "../../kit/age.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { formatCount } from "../../kit/format.ts";
import { sentence, TroubleState } from "../../kit/states.tsx";
import type { SinkDeadLetter } from "../../../../src/apps/server/contract/sinks.ts";
import type { SinkStatus } from "./sink-words.ts";

interface LettersProps {
  readonly sink: SinkStatus;
  readonly mayChange: boolean;
}

const shownMax = 50;

export function SinkLetters({ sink, mayChange }: LettersProps) {
  const key = { params: { name: sink.name }, query: { scope: sink.scope } };
  const answer = useCall(
    "sinkDeadLetters",
    { params: key.params, query: { ...key.query, limit: shownMax } },
    { enabled: sink.deadLetters > 0, refetchMs: 5000 },
  );
  const [said, setSaid] = useState("");
  const [isAsking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const replay = (): void => {
    if (busy) return;
    setBusy(true);
    void call(apiClient, "replaySink", { ...key, body: {} })
      .then(
        ({ delivered, left, because }) =>
          setSaid(
            `${formatCount(delivered)} delivered, ${formatCount(left)} left. ${because === "" ? "" : sentence(because)}`,
          ),
        (error: unknown) => setSaid(sentence(troubleOf(error).message)),
      )
      .then(() => queryClient.invalidateQueries())
      .finally(() => setBusy(false));
  };
  const discard = async (): Promise<void> => {
    await call(apiClient, "discardSinkLetters", { ...key, body: {} });
    await queryClient.invalidateQueries();
    setSaid("");
  };
  if (sink.deadLetters === 0 && said === "") return null;
  const letters = sink.deadLetters === 0 ? [] : (answer.data?.letters ?? []);
  return (
    <section className="fields sink-letters" aria-label="Dead letters">
      <h3>Dead letters</h3>
      <p>
        {sink.deadLetters === 1 ? "1 event" : `${formatCount(sink.deadLetters)} events`} could not be delivered
        {sink.deadLetters > shownMax ? `; the oldest ${shownMax} are shown` : ""}.
      </p>
      {answer.error === null ? null : <TroubleState trouble={troubleOf(answer.error)} />}
      <Letters letters={letters} />
      {mayChange && sink.deadLetters > 0 ? (
        <div className="sink-changes">
          <button type="button" className="button" onClick={replay} aria-busy={busy}>
            Send them again
          </button>
          <button type="button" className="button" onClick={() => setAsking(true)}>
            Throw away
          </button>
        </div>
      ) : null}
      <p role="status">{said}</p>
      {isAsking ? (
        <Confirm
          title="Throw all dead letters away?"
          act="Throw away"
          onConfirm={discard}
          onClose={() => setAsking(false)}
        >
          <p>The receiver will never get them. The events themselves stay in Garrison&apos;s store.</p>
        </Confirm>
      ) : null}
    </section>
  );
}

function Letters({ letters }: { readonly letters: readonly SinkDeadLetter[] }) {
  return (
    <ul>
      {letters.map(({ id, event, because, attempts, time }) => (
        <li key={id}>
          <b>{event?.rule ?? "An event that cannot be read any more"}</b>
          {event === undefined || event.workload === "" ? null : (
            <span className="workload-ns">
              {" "}
              {event.namespace}/{event.workload}
            </span>
          )}
          <span>{because}</span>
          <span className="none">
            given up <Age time={time} /> after {attempts === 1 ? "1 attempt" : `${attempts} attempts`}
          </span>
        </li>
      ))}
    </ul>
  );
}

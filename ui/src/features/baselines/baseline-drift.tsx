// Drift that is open, newest first, with its evidence; accepting it makes a new version of the baseline.
import { useState } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient } from "../../api/client.ts";
import { Age } from "../../kit/age.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { formatCount } from "../../kit/format.ts";
import { type BaselineDetail, evidenceText, keyOf, kindWords } from "./baseline-words.ts";

type Drift = BaselineDetail["drift"][number];

interface BaselineDriftListProps {
  readonly detail: BaselineDetail;
  readonly mayChange: boolean;
}

export function BaselineDriftList({ detail, mayChange }: BaselineDriftListProps) {
  const [asked, setAsked] = useState<readonly Drift[]>([]);
  if (detail.ladder.step === "learning") return null;
  const open = detail.drift.filter(({ isAccepted }) => !isAccepted);
  return (
    <section className="baseline-section" aria-label="Drift">
      <h2>
        Drift <span className="none">{formatCount(open.length + detail.driftOmitted)}</span>
        {mayChange && open.length > 1 ? (
          <button type="button" className="button" onClick={() => setAsked(open)}>
            Accept all
          </button>
        ) : null}
      </h2>
      {open.length === 0 ? (
        <p className="none">
          {detail.ladder.nodesJudging === 0
            ? "Not known: no node judges by this baseline."
            : "Nothing outside the baseline was told in the last 7 days."}
        </p>
      ) : (
        <div className="baseline-scroll" tabIndex={0} role="group" aria-label="Drift, item by item">
          <table className="baseline-table">
            <thead>
              <tr>
                <th>What</th>
                <th>Item</th>
                <th className="end">Times</th>
                <th>Last</th>
                <th>Evidence</th>
                <th>
                  <span className="read-only">Acts</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {open.map((drift) => (
                <tr key={`${drift.kind} ${drift.item}`} data-severity={drift.severity}>
                  <td>{kindWords[drift.kind]}</td>
                  <td className="data">{drift.item}</td>
                  <td className="end">{formatCount(drift.count)}</td>
                  <td>
                    <Age time={drift.lastSeen} />
                  </td>
                  <td className="baseline-evidence">{evidenceText(drift.evidence)}</td>
                  <td>
                    <button
                      type="button"
                      className="button"
                      disabled={!mayChange}
                      title={
                        mayChange
                          ? "It is meant to be: take it into the baseline"
                          : "Operators accept drift; your role is viewer."
                      }
                      onClick={() => setAsked([drift])}
                    >
                      Accept<span className="read-only"> {drift.item}</span>
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {asked.length === 0 ? null : <AcceptQuestion detail={detail} drift={asked} onClose={() => setAsked([])} />}
    </section>
  );
}

interface AcceptQuestionProps {
  readonly detail: BaselineDetail;
  readonly drift: readonly Drift[];
  readonly onClose: () => void;
}

function AcceptQuestion({ detail: { ladder }, drift, onClose }: AcceptQuestionProps) {
  const [reason, setReason] = useState("");
  const items = drift.map(({ kind, item }) => ({ kind, item }));
  const accept = async (): Promise<void> => {
    await call(apiClient, "acceptDrift", { body: { ...keyOf(ladder), items, reason } });
    await queryClient.invalidateQueries();
  };
  return (
    <Confirm title={`Accept into the baseline of ${ladder.workload}`} act="Accept" onConfirm={accept} onClose={onClose}>
      <p>
        A new version of the baseline holds {drift.length === 1 ? "this item" : `these ${drift.length} items`}; agents
        tell no drift of {drift.length === 1 ? "it" : "them"} any more.
        {ladder.step === "protecting" ? " Programs among them may run." : ""}
      </p>
      <ul className="baseline-accepting">
        {drift.slice(0, 10).map(({ kind, item }) => (
          <li key={`${kind} ${item}`} className="data">
            {item}
          </li>
        ))}
        {drift.length > 10 ? <li className="none">and {drift.length - 10} more</li> : null}
      </ul>
      <label className="baseline-reason">
        Why it is meant to be
        <input
          type="text"
          maxLength={500}
          value={reason}
          placeholder="health check of the new release"
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
      </label>
    </Confirm>
  );
}

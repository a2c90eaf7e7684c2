// What every node makes of a policy, with its receipt: the kernel's rules read back, and the connections that were tried.
import type { PolicyCard } from "../../../../src/apps/server/contract/policy-shapes.ts";
import type { EnforcementReceipt } from "../../../../src/model/enforcement-status.ts";
import { Age } from "../../kit/age.tsx";
import { formatCount } from "../../kit/format.ts";
import { StateWord } from "../../kit/state-word.tsx";
import { State } from "../../kit/states.tsx";
import { stateIcon } from "./policy-state.tsx";
import { stateWords, toneOf } from "./policy-words.ts";

export function PolicyNodes({ card: { enforcement, home } }: { readonly card: PolicyCard }) {
  if (enforcement.nodes.length === 0)
    return (
      <State
        icon={<span>?</span>}
        title="No node has told of it"
        hint={
          home.kind === "cluster"
            ? "Garrison reads this policy and judges flows by it; the cluster's own network plugin enforces it."
            : "Nodes tell within seconds of receiving it. An Enforcement resource decides whether they enforce."
        }
      />
    );
  return (
    <ul className="node-receipts">
      {enforcement.nodes.map(({ node, state, because, generation, status }) => (
        <li key={node}>
          <header>
            <b>{node}</b>
            <StateWord tone={toneOf(state)} icon={stateIcon(state)} word={stateWords[state]} because={because} />
            {generation === 0 ? null : <span className="count">generation {generation}</span>}
          </header>
          {status?.counters === undefined ? null : (
            <p>
              First packets: {formatCount(status.counters.allowed)} allowed, {formatCount(status.counters.denied)}{" "}
              denied
            </p>
          )}
          {status?.problems.map((problem) => (
            <p key={problem} className="outcome-warning">
              {problem}
            </p>
          ))}
          {status?.receipt === undefined ? null : <Receipt receipt={status.receipt} />}
        </li>
      ))}
      {enforcement.omitted === 0 ? null : <li className="none">and {formatCount(enforcement.omitted)} more nodes</li>}
    </ul>
  );
}

function Receipt({ receipt }: { readonly receipt: EnforcementReceipt }) {
  return (
    <div className="receipt">
      <p>
        {receipt.readBack === "" ? "The kernel has exactly these rules" : `The kernel differs: ${receipt.readBack}`},
        looked at <Age time={new Date(receipt.timeMs).toISOString()} />.
      </p>
      {receipt.probes.length === 0 ? (
        <p>No connection could be tried: both ends must be namespaces of that machine.</p>
      ) : (
        <ul>
          {receipt.probes.map((probe) => (
            <li key={`${probe.source} ${probe.destination} ${probe.protocol} ${probe.port} ${probe.expected}`}>
              <span className="data">
                {probe.source.replace(/^pod\//, "")} → {probe.destination.replace(/^pod\//, "")} {probe.protocol}/
                {probe.port}
              </span>{" "}
              should be {probe.expected === "allow" ? "allowed" : "denied"}: {probe.outcome}{" "}
              <b className={probe.isProved ? "receipt-good" : "outcome-warning"}>
                {probe.isProved ? "proved" : "not proved"}
              </b>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

// One runtime policy: node by node what is promised for each rule and why not more, the proof, and what happened.
import { Age } from "../../kit/age.tsx";
import { CopyText } from "../../kit/copy.tsx";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { field, FieldList } from "../../kit/field-list.tsx";
import { formatDateTime } from "../../kit/format.ts";
import { StateWord } from "../../kit/state-word.tsx";
import { stateIcon } from "./policy-state.tsx";
import { stateWords, toneOf } from "./policy-words.ts";
import {
  guaranteeWords,
  happenedText,
  modeWords,
  nodeState,
  runtimeForm,
  runtimeMode,
  targetText,
  type RuntimeNode,
  type RuntimeResource,
} from "./runtime-words.ts";

interface RuntimeDetailsProps {
  readonly policy: RuntimeResource;
  readonly onClose: () => void;
}

export function RuntimeDetails({ policy, onClose }: RuntimeDetailsProps) {
  const { name, scope, generation, author, time, status } = policy;
  return (
    <DetailsPane title={name} onClose={onClose}>
      <FieldList
        groups={[
          {
            title: "Runtime policy",
            fields: [
              field("Mode", modeText(policy)),
              field("Form", runtimeForm(policy)),
              field("Applies to", targetText(policy), "data"),
              field("Scope", scope === "global" ? "all clusters" : scope),
              field("Happened", happenedText(policy) ?? "not known: no node has told of it"),
              field("Generation", `${generation}, by ${author} at ${formatDateTime(time)}`),
            ],
          },
        ]}
      />
      <section className="fields policy-nodes">
        <h3>Nodes</h3>
        {status.length === 0 ? (
          <p className="none">No node has told of it. Nodes tell within seconds of receiving it.</p>
        ) : null}
        <ul>
          {status.map((node) => (
            <li key={`${node.cluster} ${node.node}`}>
              <RuntimeNodePart node={node} />
            </li>
          ))}
        </ul>
      </section>
      <section className="fields">
        <h3>Change it</h3>
        <CopyText
          text={`npx garrison get RuntimePolicy ${name}${scope === "global" ? "" : ` --scope ${scope}`} -o yaml`}
        />
      </section>
    </DetailsPane>
  );
}

function modeText(policy: RuntimeResource): string {
  const mode = runtimeMode(policy);
  return mode === "dry-run" ? `${modeWords[mode]}: it is told what would happen, nothing is stopped` : modeWords[mode];
}

function RuntimeNodePart({ node: status }: { readonly node: RuntimeNode }) {
  const { node, because, enforcement } = status;
  const state = nodeState(status);
  const runtime = enforcement?.runtime;
  return (
    <>
      <b>{node}</b>
      <StateWord tone={toneOf(state)} icon={stateIcon(state)} word={stateWords[state]} />
      {because === "" ? null : <p>{because}</p>}
      {enforcement?.problems.map((problem) => (
        <p key={problem} className="outcome-warning">
          {problem}
        </p>
      ))}
      {runtime === undefined || runtime.receipt === "" ? null : (
        <p>
          Proof: <span className="data">{runtime.receipt}</span>,{" "}
          <Age time={new Date(runtime.receiptMs).toISOString()} />
        </p>
      )}
      {runtime === undefined || runtime.rules.length === 0 ? null : (
        <details>
          <summary>
            {runtime.rules.length === 1 ? "1 rule" : `${runtime.rules.length + runtime.rulesOmitted} rules`}
          </summary>
          <ul className="runtime-rules">
            {runtime.rules.map(({ place, what, guarantee, because: why }) => (
              <li key={place}>
                <span className="data">{what}</span>
                <span>
                  <b data-guarantee={guarantee}>{guaranteeWords[guarantee]}</b>
                  {why === "" ? null : <span className="none">: {why}</span>}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

// What would have stopped it: each control with its cost, as a resource that is staged or a dry run.
import { useState } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { Confirm } from "../../kit/confirm.tsx";
import { CopyButton } from "../../kit/copy.tsx";
import type { Control } from "./detection-words.ts";

export function DetectionControls({ controls }: { readonly controls: readonly Control[] }) {
  return (
    <section className="fields" aria-label="Suggested control">
      <h3>Suggested control</h3>
      {controls.length === 0 ? (
        <p className="none">
          None: it was stopped already, or what it did is not known well enough to name a narrow control.
        </p>
      ) : null}
      <ul className="control-list">
        {controls.map((control) => (
          <li key={`${control.kind} ${control.title}`}>
            <ControlCard control={control} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function ControlCard({ control }: { readonly control: Control }) {
  const [isAsking, setAsking] = useState(false);
  const [isStaged, setStaged] = useState(false);
  const session = useSession();
  const mayNot = session.data?.role === "viewer" ? "Needs the role operator" : undefined;
  const { title, because, cost, resource, scope, name, spec, manifest } = control;
  const stage = async (): Promise<void> => {
    if (spec === undefined) return;
    await call(apiClient, "applyResource", {
      params: { kind: resource, name },
      query: {},
      body: { kind: resource, scope, name, spec },
    });
    await queryClient.invalidateQueries();
    setStaged(true);
  };
  return (
    <>
      <b>{title}</b>
      <p>Because {because}.</p>
      <p className="none">What else it stops: {cost}</p>
      {manifest === "" ? null : (
        <>
          <details>
            <summary>{resource} as YAML</summary>
            <pre className="manifest" tabIndex={0} aria-label={`${resource} ${name} as YAML`}>
              {manifest}
            </pre>
          </details>
          <div className="detection-acts">
            <button
              type="button"
              className="button"
              disabled={mayNot !== undefined || isStaged}
              title={mayNot}
              onClick={() => setAsking(true)}
            >
              {isStaged ? "Staged" : resource === "Policy" ? "Stage the policy…" : "Stage as dry run…"}
            </button>
            <CopyButton text={manifest} label="Copy YAML" />
          </div>
        </>
      )}
      {isAsking ? (
        <Confirm title={`Stage ${name}?`} act="Stage" tone="good" onConfirm={stage} onClose={() => setAsking(false)}>
          <p>
            The {resource} {name} is put for {scope}. It blocks nothing:{" "}
            {resource === "Policy"
              ? "it is staged, and its effect is shown on recorded traffic"
              : "it is a dry run, and tells what it would have done"}
            .
          </p>
          <p>What it would stop when it is enforced: {cost}</p>
        </Confirm>
      ) : null}
    </>
  );
}

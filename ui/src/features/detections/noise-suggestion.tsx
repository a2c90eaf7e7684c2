// The narrowest exception for a rule's noise on a workload, with what it would have silenced, and applying it.
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf } from "../../api/trouble.ts";
import { quoteValue } from "../../app/url-state.ts";
import { carried } from "../../app/use-url-state.ts";
import { Confirm } from "../../kit/confirm.tsx";
import { CopyButton } from "../../kit/copy.tsx";
import { Loading, Notice, TroubleState } from "../../kit/states.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import { DetectionSeverity } from "./detection-marks.tsx";
import { counted, impactText, type NoiseRow, type NoiseSuggestions } from "./detection-words.ts";

export function NoiseSuggestion({ row, days }: { readonly row: NoiseRow; readonly days: number }) {
  const { cluster, namespace, workload, rule } = row;
  const answer = useCall("noiseSuggest", { query: { cluster, namespace, workload, rule, days } }, { keep: true });
  return (
    <div className="noise-suggestion">
      <p className="detection-badges">
        <DetectionSeverity severity={row.severity} />
        <b>{rule}</b>
      </p>
      <p>
        {counted(row.count, "time")} in {days} days on{" "}
        <WorkloadName
          cluster={cluster}
          namespace={namespace}
          kind={row.workloadKind}
          name={workload}
          fallback="unknown"
        />
        .{" "}
        <Link
          to="/detections"
          search={(before) => ({
            ...carried(before),
            range: "7d",
            q: `rule:${quoteValue(rule)}${workload === "" ? "" : ` workload:${quoteValue(workload)}`}`,
          })}
        >
          Show them
        </Link>
      </p>
      {answer.data === undefined ? (
        answer.error === null ? (
          <Loading label="Looking for what they share" rows={4} />
        ) : (
          <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
        )
      ) : (
        <Proposal found={answer.data} rule={rule} />
      )}
    </div>
  );
}

function Proposal({ found, rule }: { readonly found: NoiseSuggestions; readonly rule: string }) {
  const { suggestions, kept, because, covers, of, text, notHere, window } = found;
  return (
    <>
      {window.partial ? <Notice tone="warning">Partial: {window.partialBecause}.</Notice> : null}
      {suggestions.length === 0 ? <Notice tone="info">No exception is suggested: {because}.</Notice> : null}
      {suggestions.length > 0 && notHere !== "" ? (
        <Notice tone="info">It cannot be applied here: {notHere}.</Notice>
      ) : null}
      {kept.map((each) => (
        <Notice key={each.because} tone="info">
          {counted(each.count, "detection")} {each.count === 1 ? "stays" : "stay"}: {each.because}.
        </Notice>
      ))}
      {suggestions.length > 1 ? (
        <p>
          Together they end {covers} of {of}.
        </p>
      ) : null}
      <ol className="suggestion-list" aria-label="Suggested exceptions">
        {suggestions.map((suggestion) => (
          <li key={JSON.stringify(suggestion.fields)}>
            <dl>
              {suggestion.fields.map(({ field, comparison, value }) => (
                <div key={field}>
                  <dt className="data">
                    {field} {comparison === "=" ? "=" : "begins with"}
                  </dt>
                  <dd className="data">{value}</dd>
                </div>
              ))}
            </dl>
            <p>{impactText(suggestion)}</p>
            {suggestion.others.length === 0 ? (
              <p className="none">Nothing on other workloads.</p>
            ) : (
              <p>
                Also on{" "}
                {suggestion.others
                  .map(({ namespace, workload, count }) => `${namespace}/${workload} (${count})`)
                  .join(", ")}
                {suggestion.othersOmitted > 0 ? ` and ${suggestion.othersOmitted} more workloads` : ""}.
              </p>
            )}
          </li>
        ))}
      </ol>
      {text === "" ? null : <Apply found={found} rule={rule} />}
    </>
  );
}

function Apply({ found, rule }: { readonly found: NoiseSuggestions; readonly rule: string }) {
  const [isAsking, setAsking] = useState(false);
  const [isDone, setDone] = useState(false);
  const session = useSession();
  const mayNot = session.data?.role === "viewer" ? "Needs the role operator" : undefined;
  const { text, resource, notHere } = found;
  const save = async (): Promise<void> => {
    await call(apiClient, "applyResource", {
      params: { kind: "DetectionRules", name: resource.name },
      query: {},
      body: { kind: "DetectionRules", ...resource, spec: { format: "falco", text } },
    });
    await queryClient.invalidateQueries();
    setDone(true);
  };
  return (
    <>
      <pre className="manifest" tabIndex={0} aria-label="The exception as a rules file">
        {text}
      </pre>
      <div className="detection-acts">
        <button
          type="button"
          className="button button-good"
          disabled={mayNot !== undefined || isDone || notHere !== ""}
          title={mayNot ?? (notHere || undefined)}
          onClick={() => setAsking(true)}
        >
          {isDone ? "Applied" : "Apply…"}
        </button>
        <CopyButton text={text} label="Copy YAML" />
      </div>
      {isAsking ? (
        <Confirm title="Apply this exception?" act="Apply" onConfirm={save} onClose={() => setAsking(false)}>
          <p>
            The rule “{rule}” stays, and is silent where all of these fields hold. Every node of {resource.scope} loads
            it within seconds; the resource is DetectionRules {resource.name}, and deleting it undoes it.
          </p>
        </Confirm>
      ) : null}
    </>
  );
}

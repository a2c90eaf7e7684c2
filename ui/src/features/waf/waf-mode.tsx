// The ladder of a workload: off, detect, block. Before the last step stands what blocking would have stopped.
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { policyNameFor } from "../../../../src/apps/server/contract/waf-words.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf } from "../../api/trouble.ts";
import { rangeLabel, rangeQuery } from "../../app/time-range.ts";
import { rangeOf } from "../../app/url-state.ts";
import { carried, useUrlState } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { formatCount, formatDuration } from "../../kit/format.ts";
import { Loading, Notice, sentence, TroubleState } from "../../kit/states.tsx";
import { PartNotices } from "../../kit/window-notices.tsx";
import { countsText, modeWords, requestParams, type WafMode, type WafWorkload } from "./waf-words.ts";

type Preview = ResponseOf<Api["wafModePreview"]>;

const ladder = ["off", "detect", "block"] as const satisfies readonly WafMode[];
const ladderHints: Readonly<Record<WafMode, string>> = {
  off: "Requests pass unread.",
  detect: "Rules speak, nothing is stopped.",
  block: "Requests over the threshold are stopped.",
};
/** Less than this in detect mode proves little. */
const observedMsMin = 86_400_000;

interface ModeDetailsProps {
  readonly workload: WafWorkload;
  readonly onClose: () => void;
}

export function ModeDetails({ workload, onClose }: ModeDetailsProps) {
  const [asked, setAsked] = useState<WafMode | undefined>(undefined);
  const session = useSession();
  const [state] = useUrlState();
  const range = rangeOf(state);
  const { cluster, namespace, workload: name } = workload;
  const preview = useCall(
    "wafModePreview",
    { query: { cluster, namespace, workload: name, ...rangeQuery(range) } },
    { keep: true, enabled: workload.mode !== "block" },
  );
  const because = whyFixed(workload, session.data?.role);
  return (
    <DetailsPane title={name || workload.service || "unknown workload"} onClose={onClose}>
      <div className="waf-ladder" role="group" aria-label="Mode">
        {ladder.map((mode) => (
          <button
            key={mode}
            type="button"
            aria-pressed={workload.mode === mode}
            disabled={because !== "" || workload.mode === mode}
            title={because || ladderHints[mode]}
            onClick={() => setAsked(mode)}
          >
            {modeWords[mode]}
          </button>
        ))}
      </div>
      <p className="waf-where">
        {because || ladderHints[workload.mode === "block" ? "block" : workload.mode === "detect" ? "detect" : "off"]}
      </p>
      <p className="waf-where">
        {rangeLabel(range)}: {countsText(workload.counts)}.
      </p>
      {workload.mode === "block" ? null : <PreviewPart answer={preview} cluster={cluster} />}
      {asked === undefined ? null : (
        <ModeQuestion workload={workload} mode={asked} preview={preview.data} onClose={() => setAsked(undefined)} />
      )}
    </DetailsPane>
  );
}

function whyFixed({ mode, workload, because }: WafWorkload, role: string | undefined): string {
  if (role === "viewer") return "Operators change modes; your role is viewer.";
  if (workload === "") return because || "The workload is not known: no policy can name it.";
  if (mode === "mixed") return "Its routes have modes of their own: change their policies.";
  if (mode === "unknown" && because !== "") return `${sentence(because)} Change that policy instead.`;
  return "";
}

interface PreviewPartProps {
  readonly answer: ReturnType<typeof useCall<"wafModePreview">>;
  readonly cluster: string;
}

function PreviewPart({ answer, cluster }: PreviewPartProps) {
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Looking at what blocking would stop" rows={4} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const { groups, groupsOmitted, window } = answer.data;
  return (
    <section className="fields">
      <h3>What blocking would have stopped</h3>
      <PartNotices window={window} />
      <p>{previewText(answer.data)}</p>
      <ul className="waf-groups">
        {groups.map((group) => (
          <li key={`${group.ruleId} ${group.path} ${group.variable}`}>
            <Link
              to="/waf/requests/$cluster/$time/$transaction"
              params={requestParams({ cluster, time: group.lastAt, transactionId: group.transactionId })}
              search={carried}
            >
              {group.message || `rule ${group.ruleId}`}
            </Link>
            <span className="waf-where">
              <span className="data">
                {group.ruleId} {group.variable} {group.path}
              </span>
              {" · "}
              {group.requests === 1 ? "1 request" : `${formatCount(group.requests)} requests`} from{" "}
              {group.sources === 1 ? "1 source" : `${formatCount(group.sources)} sources`}, last{" "}
              <Age time={group.lastAt} />
            </span>
          </li>
        ))}
        {groupsOmitted === 0 ? null : <li className="none">and {formatCount(groupsOmitted)} more</li>}
      </ul>
    </section>
  );
}

/** What is known of the last step of the ladder, with how long it was watched. */
function previewText({ wouldBlock, sources, observedSeconds }: Preview): string {
  if (observedSeconds === 0)
    return "No event of this window tells that a gateway looked at its requests: nothing can be said.";
  const watched = `In ${formatDuration(observedSeconds * 1000)} of watching`;
  if (wouldBlock === 0) return `${watched} no request would have been stopped.`;
  return `${watched} ${formatCount(wouldBlock)} requests of ${formatCount(sources)} sources would have been stopped. Look at each before you block.`;
}

interface ModeQuestionProps {
  readonly workload: WafWorkload;
  readonly mode: WafMode;
  readonly preview: Preview | undefined;
  readonly onClose: () => void;
}

function ModeQuestion({ workload, mode, preview, onClose }: ModeQuestionProps) {
  const name = workload.workload;
  const [policy] = workload.policies;
  const home =
    policy === undefined || policy.isOwn
      ? `Policy ${policy?.name ?? `${policyNameFor(workload)} (new)`}`
      : `A new policy ${policyNameFor(workload)} for this workload alone, a copy of ${policy.name}, which is for others too`;
  const isYoung = mode === "block" && (preview?.observedSeconds ?? 0) * 1000 < observedMsMin;
  return (
    <Confirm
      title={`${modeWords[mode]} requests to ${name}`}
      act={modeWords[mode]}
      onConfirm={() => put(workload, mode)}
      onClose={onClose}
    >
      <p>
        {ladderHints[mode]} {home}; gateways take it over within seconds.
      </p>
      {mode !== "block" || preview === undefined ? null : <p>{previewText(preview)}</p>}
      {isYoung ? <Notice tone="warning">It was watched for less than a day in this window.</Notice> : null}
    </Confirm>
  );
}

/**
 * Writes the mode into the workload's own policy, or makes one: what is for others too stays as it is. What somebody else changed meanwhile is not lost: the write
 * is refused.
 */
async function put(workload: WafWorkload, mode: WafMode): Promise<void> {
  const [policy] = workload.policies;
  const kind = "WafPolicy";
  const before =
    policy === undefined
      ? undefined
      : await call(apiClient, "getResource", { params: { kind, name: policy.name }, query: { scope: policy.scope } });
  const { namespace, workload: name, cluster } = workload;
  const isOwn = policy?.isOwn === true && before !== undefined;
  const own = isOwn
    ? { scope: policy.scope, name: policy.name, generation: before.generation, spec: { ...before.spec, mode } }
    : {
        scope: `cluster/${cluster}`,
        name: policyNameFor(workload),
        generation: 0,
        spec: { ...before?.spec, target: { namespace, workload: name }, mode },
      };
  await call(apiClient, "applyResource", {
    params: { kind, name: own.name },
    query: { ifGeneration: own.generation },
    body: { kind, scope: own.scope, name: own.name, spec: own.spec },
  });
  await queryClient.invalidateQueries();
}

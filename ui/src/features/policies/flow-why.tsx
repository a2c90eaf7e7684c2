// Why a flow was allowed or denied: what was recorded, and the walk through today's policies, tier by tier; for a deny, what would allow it.
import { Link } from "@tanstack/react-router";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { Flow } from "../../../../src/model/flow.ts";
import type { DirectionVerdict, Explanation, RuleRef, TraceStep } from "../../../../src/model/policy-verdict.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { carried } from "../../app/use-url-state.ts";
import { CopyButton } from "../../kit/copy.tsx";
import { Loading, Notice, sentence } from "../../kit/states.tsx";
import { Verdict } from "../../kit/verdict.tsx";
import { policyParams } from "./policy-words.ts";
import { ruleText } from "./rule-words.ts";
import "../../styles/policies.css";

type Trace = ResponseOf<Api["policyTrace"]>;

export function FlowWhy({ flow }: { readonly flow: Flow }) {
  const answer = useCall("policyTrace", { body: flow });
  return (
    <section className="fields why" aria-label="Why">
      <h3>Why</h3>
      {answer.error === null ? null : <Notice tone="warning">{sentence(troubleOf(answer.error).message)}</Notice>}
      {answer.data === undefined ? (
        answer.isFetching ? (
          <Loading label="Asking the policies" rows={3} />
        ) : null
      ) : (
        <TraceOf cluster={flow.cluster} trace={answer.data} />
      )}
    </section>
  );
}

const standing = {
  same: "The policies of today are those that judged it.",
  changed: "The policies have changed since; below is what those of today say.",
  unknown: "No policy of ours judged it then; below is what those of today say.",
} as const satisfies Record<Trace["policies"], string>;

function TraceOf({ cluster, trace }: { readonly cluster: string; readonly trace: Trace }) {
  const { recorded, now, policies } = trace;
  return (
    <>
      <p className="why-recorded">
        Recorded by the {recorded.reporter}: <b>{recorded.verdict}</b>
        {recorded.because === "" ? "" : `, ${recorded.because}`}.
        {recorded.rules.map(({ ruleId, rule, because }) => (
          <span key={ruleId}>
            {" "}
            {rule === undefined ? (
              `Rule ${ruleId}: ${because}.`
            ) : (
              <>
                Rule: <RuleLink cluster={cluster} at={rule} />.
              </>
            )}
          </span>
        ))}
      </p>
      <p className="count">{standing[policies]}</p>
      {now.because === "" ? null : <p className="count">{sentence(now.because)}</p>}
      {now.explanation === undefined ? null : <Walk cluster={cluster} explanation={now.explanation} />}
    </>
  );
}

function Walk({ cluster, explanation }: { readonly cluster: string; readonly explanation: Explanation }) {
  const { now, staged, nearest } = explanation;
  return (
    <>
      <p className="why-now">
        Today: <Verdict verdict={now.verdict} because={now.because} />
      </p>
      <DirectionWalk title="Out of the source" cluster={cluster} walk={now.egress} />
      <DirectionWalk title="Into the destination" cluster={cluster} walk={now.ingress} />
      {staged === undefined || staged.verdict === now.verdict ? null : (
        <p className="why-now">
          With staged policies: <Verdict verdict={staged.verdict} because={staged.because} />
        </p>
      )}
      {nearest.length === 0 ? null : (
        <div className="why-nearest">
          <h4>What would allow it</h4>
          <ul>
            {nearest.map((change) => (
              <li key={`${change.direction} ${change.change}`}>
                {sentence(change.change)}
                {change.manifest === "" ? null : <CopyButton text={change.manifest} label="Copy as policy" />}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

interface DirectionWalkProps {
  readonly title: string;
  readonly cluster: string;
  readonly walk: DirectionVerdict;
}

const stepsShownMax = 12;

function DirectionWalk({ title, cluster, walk }: DirectionWalkProps) {
  const decisive = walk.steps.filter(({ outcome }) => outcome !== "not-selected");
  return (
    <div className="why-walk">
      <h4>
        {title} <Verdict verdict={walk.verdict} because={walk.because} />
      </h4>
      {decisive.length === 0 ? null : (
        <ol>
          {decisive.slice(0, stepsShownMax).map((step) => (
            <Step
              key={`${step.at.tier} ${step.at.policy} ${step.at.rule} ${String(step.at.staged)}`}
              cluster={cluster}
              step={step}
            />
          ))}
          {decisive.length > stepsShownMax ? (
            <li className="none">and {decisive.length - stepsShownMax} more</li>
          ) : null}
        </ol>
      )}
    </div>
  );
}

function Step({ cluster, step }: { readonly cluster: string; readonly step: TraceStep }) {
  return (
    <li data-outcome={step.outcome}>
      <span className="count">{step.at.tier}</span> <RuleLink cluster={cluster} at={step.at} />
      <span className="why-outcome">
        {step.outcome === "no-match" ? "no match" : step.outcome}
        {step.because === "" ? "" : `: ${step.because}`}
      </span>
    </li>
  );
}

function RuleLink({ cluster, at }: { readonly cluster: string; readonly at: RuleRef }) {
  const text = `${ruleText(at)}${at.staged ? " (staged)" : ""}`;
  if (at.policy === "") return <span>{text}</span>;
  return (
    <Link
      to="/policies/$cluster/$dialect/$kind/$namespace/$name"
      params={policyParams(cluster, at.policy)}
      search={(before) => ({ ...carried(before), tab: "rules" })}
    >
      {text}
    </Link>
  );
}

// One request that rules spoke about, on a page of its own: rules with their text, facts, exclusions that touch it, and "this was no attack".
import { getRouteApi, Link } from "@tanstack/react-router";
import { Shield } from "lucide-react";
import { useState } from "react";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import { useCall } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf } from "../../api/trouble.ts";
import { carried } from "../../app/use-url-state.ts";
import { CopyButton } from "../../kit/copy.tsx";
import { Fact } from "../../kit/fact.tsx";
import { formatDateTime } from "../../kit/format.ts";
import { Loading, TroubleState } from "../../kit/states.tsx";
import { WindowNotices } from "../../kit/window-notices.tsx";
import { ExcludePane } from "./waf-exclude.tsx";
import { RequestFacts, scoreText, SpokenRules } from "./waf-request.tsx";
import { verdictWords, type SpokenRule } from "./waf-words.ts";
import "../../styles/waf.css";

const route = getRouteApi("/waf/requests/$cluster/$time/$transaction");

type Found = ResponseOf<Api["wafEvent"]>;

export function WafRequestScreen() {
  const { cluster, time, transaction } = route.useParams();
  const [isTuning, setTuning] = useState(false);
  const answer = useCall("wafEvent", { query: { cluster, time, transactionId: transaction } });
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading the request" rows={6} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const found = answer.data;
  const { event } = found;
  const textOf = (rule: SpokenRule) => {
    return <RuleText found={found} ruleId={rule.ruleId} />;
  };
  return (
    <div className="screen">
      <RequestHead event={event} isTuning={isTuning} onTune={() => setTuning(!isTuning)} />
      <WindowNotices window={found.window} error={answer.error} />
      <div className="waf-request">
        <div>
          <SpokenRules event={event} more={textOf} />
          <Exclusions found={found} />
        </div>
        <div>
          {isTuning ? <ExcludePane event={event} onClose={() => setTuning(false)} /> : <RequestFacts event={event} />}
        </div>
      </div>
    </div>
  );
}

interface RequestHeadProps {
  readonly event: Found["event"];
  readonly isTuning: boolean;
  readonly onTune: () => void;
}

function RequestHead({ event, isTuning, onTune }: RequestHeadProps) {
  const session = useSession();
  return (
    <header className="workload-head">
      <div className="workload-title">
        <Shield aria-hidden="true" />
        <div>
          <h2 className="data">
            {event.method} {event.path}
          </h2>
          <p>
            {event.host || "no Host"} · {formatDateTime(event.time)} ·{" "}
            <Link to="/waf" search={(before) => ({ ...carried(before), tab: "requests" })}>
              all requests
            </Link>
          </p>
        </div>
        <span className="spacer" />
        <CopyButton text={JSON.stringify(event, null, 2)} label="Copy JSON" />
        {event.ruleIds.length === 0 || session.data?.role === "viewer" ? null : (
          <button type="button" className="button" aria-pressed={isTuning} onClick={onTune}>
            This was no attack
          </button>
        )}
      </div>
      <dl className="facts">
        <Fact name="Verdict">
          <span data-verdict={event.verdict}>{verdictWords[event.verdict]}</span>
        </Fact>
        <Fact name="Score">{scoreText(event)}</Fact>
        <Fact name="Because">{event.because || "below the threshold"}</Fact>
        <Fact name="Policy">{event.policy || "the gateway's own settings"}</Fact>
        <Fact name="Mode">{event.mode}</Fact>
      </dl>
    </header>
  );
}

/** The rule as the server's rule set has it; folded, for it is long. */
function RuleText({ found, ruleId }: { readonly found: Found; readonly ruleId: number }) {
  const rule = found.rules.find((each) => each.ruleId === ruleId);
  if (rule === undefined) return null;
  return (
    <details>
      <summary>
        {rule.file}:{rule.line}
      </summary>
      <pre className="waf-excerpt">{rule.text}</pre>
    </details>
  );
}

function Exclusions({ found }: { readonly found: Found }) {
  if (found.exclusions.length === 0) return null;
  return (
    <section className="fields">
      <h3>Exclusions that touch these rules</h3>
      <ul className="related">
        {found.exclusions.map(({ policy, exclusion, isMeant }) => (
          <li key={`${policy} ${exclusion.id}`}>
            <span className="data">{exclusion.id}</span> of {policy}: {exclusion.rules.join(", ")}
            {exclusion.target === "" ? "" : ` in ${exclusion.target}`}
            {exclusion.path === "" ? "" : ` at ${exclusion.path}`}. {exclusion.reason}{" "}
            {isMeant ? "" : "(of another place than this request's)"}
          </li>
        ))}
      </ul>
    </section>
  );
}

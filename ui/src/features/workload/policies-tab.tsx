// Which policies apply to the workload: per direction whether it is isolated, and the policies tier by tier in order of evaluation.
import { Link } from "@tanstack/react-router";
import { LockKeyhole, LockKeyholeOpen } from "lucide-react";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { carried } from "../../app/use-url-state.ts";
import { formatCount } from "../../kit/format.ts";
import { StateWord } from "../../kit/state-word.tsx";
import { Loading, Notice, State, TroubleState } from "../../kit/states.tsx";
import { RuntimeHold } from "./runtime-hold.tsx";
import { policyParams } from "../policies/policy-words.ts";
import { shortId } from "../policies/rule-words.ts";
import type { WorkloadQuestion } from "./workload-question.ts";
import "../../styles/policies.css";

type Found = ResponseOf<Api["policyWorkload"]>;
const refetchMs = 10_000;

export function PoliciesTab({ question: { params } }: { readonly question: WorkloadQuestion }) {
  return (
    <div className="workload-policies">
      <RuntimeHold workload={params} />
      <NetworkPart params={params} />
    </div>
  );
}

function NetworkPart({ params }: Pick<WorkloadQuestion, "params">) {
  const { cluster, namespace, kind, name } = params;
  const answer = useCall(
    "policyWorkload",
    { query: { cluster, workload: `${namespace}/${kind}/${name}` } },
    { keep: true, refetchMs },
  );
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Asking the policies" rows={4} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const found = answer.data;
  if (found.pods === 0)
    return (
      <State
        icon={<LockKeyholeOpen />}
        title={found.hostNetworkPods > 0 ? "In the node's own network" : "No network policy applies"}
        hint={
          found.hostNetworkPods > 0
            ? "Its pods use their node's address: policies select no such pods. Host endpoints cover nodes."
            : "Network policies apply to pods, and no pod of this workload is known now."
        }
      />
    );
  return (
    <>
      {found.world.incomplete === "" ? null : (
        <Notice tone="warning">Not all endpoints are known: {found.world.incomplete}.</Notice>
      )}
      <DirectionPart title="Into it" cluster={cluster} found={found.ingress} />
      <DirectionPart title="Out of it" cluster={cluster} found={found.egress} />
    </>
  );
}

interface DirectionPartProps {
  readonly title: string;
  readonly cluster: string;
  readonly found: Found["ingress"];
}

function DirectionPart({ title, cluster, found }: DirectionPartProps) {
  const { isIsolated, isAlike, tiers, podsLeftOut } = found;
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <p>
        {isIsolated ? (
          <StateWord tone="good" icon={LockKeyhole} word="Isolated" because="what no rule allows is denied" />
        ) : (
          <StateWord
            tone="warning"
            icon={LockKeyholeOpen}
            word="Open"
            because={tiers.length === 0 ? "no policy applies" : "what no rule denies is allowed"}
          />
        )}
      </p>
      {isAlike ? null : <Notice tone="info">Its pods have different policies; all are listed.</Notice>}
      {podsLeftOut === 0 ? null : (
        <Notice tone="info">{formatCount(podsLeftOut)} of its pods were not looked at.</Notice>
      )}
      <ol>
        {tiers.map(({ tier, policies }) => (
          <li key={tier}>
            <span className="count">{tier}</span>
            <ul>
              {policies.map((id) => (
                <li key={id}>
                  <Link
                    to="/policies/$cluster/$dialect/$kind/$namespace/$name"
                    params={policyParams(cluster, id)}
                    search={carried}
                  >
                    {shortId(id)}
                  </Link>{" "}
                  <span className="count">{id.split("/")[1]}</span>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </section>
  );
}

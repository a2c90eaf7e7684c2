// One workload of one image: its step and what the next one would mean, drift to accept, and what it does, item by item.
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { useCall } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf } from "../../api/trouble.ts";
import { carried } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { CopyText } from "../../kit/copy.tsx";
import { Fact } from "../../kit/fact.tsx";
import { Loading, Notice, sentence, TroubleState } from "../../kit/states.tsx";
import { WindowNotices } from "../../kit/window-notices.tsx";
import { BaselineDriftList } from "./baseline-drift.tsx";
import { BaselineItems } from "./baseline-items.tsx";
import { BaselineLadder } from "./baseline-ladder.tsx";
import { Confidence } from "./baselines-screen.tsx";
import { type BaselineDetail, imageText, inSentence, keyOfParams, kindWords, learnSince } from "./baseline-words.ts";
import "../../styles/baselines.css";

const route = getRouteApi("/baselines/$cluster/$namespace/$kind/$image/$name");
const refetchMs = 15_000;

export function BaselineScreen() {
  const params = route.useParams();
  const session = useSession();
  const [find, setFind] = useState("");
  // The kind comes from an address: the server refuses what is none.
  const key = keyOfParams(params as Parameters<typeof keyOfParams>[0]);
  const answer = useCall("getBaseline", { query: { ...key, since: learnSince } }, { refetchMs, keep: true });
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading what the workload does" rows={8} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const detail = answer.data;
  const mayChange = session.data?.role !== "viewer";
  return (
    <div className="screen baseline-screen">
      <WindowNotices window={detail.window} error={answer.error} />
      <div className="baseline-page">
        <Head detail={detail} />
        <BaselineLadder ladder={detail.ladder} mayChange={mayChange} />
        <NodesSay detail={detail} />
        <BaselineDriftList detail={detail} mayChange={mayChange} />
        <BaselineItems detail={detail} find={find} onFind={setFind} />
      </div>
    </div>
  );
}

function Head({ detail }: { readonly detail: BaselineDetail }) {
  const { ladder, judged } = detail;
  const { cluster, namespace, kind, workload, confidence, baseline } = ladder;
  return (
    <header className="baseline-head">
      <h1>
        <Link
          to="/workloads/$cluster/$namespace/$kind/$name"
          params={{ cluster, namespace, kind, name: workload }}
          search={carried}
        >
          {workload}
        </Link>
        <span>
          {kind} in {namespace}, {cluster}
        </span>
      </h1>
      <dl className="baseline-facts">
        <Fact name="Image">
          <span className="data">{imageText(ladder)}</span>
        </Fact>
        <Fact name="Confidence">
          <Confidence confidence={confidence} /> {confidence.score} of 100
        </Fact>
        <Fact name="Seen">
          in {confidence.hours} h, {confidence.replicas === 1 ? "1 replica" : `${confidence.replicas} replicas`},{" "}
          {confidence.restarts === 1 ? "1 start" : `${confidence.restarts} starts`}; last <Age time={ladder.lastSeen} />
        </Fact>
        <Fact name="Nothing new for">{confidence.quietHours} h</Fact>
        <Fact name="Version">
          {baseline === undefined ? (
            <span className="none">none: it is learning</span>
          ) : (
            <span className="data">
              {baseline.name} v{baseline.generation}
            </span>
          )}
        </Fact>
        <Fact name="Judged">{judged.map((each) => inSentence(kindWords[each])).join(", ") || "nothing yet"}</Fact>
      </dl>
      <ul className="baseline-reasons" aria-label="Why the confidence is what it is">
        {confidence.because.map((reason) => (
          <li key={reason}>{sentence(reason)}</li>
        ))}
      </ul>
      {ladder.step === "learning" && ladder.otherImages > 0 ? (
        <Notice tone="info">
          {ladder.otherImages === 1 ? "A baseline holds" : `${ladder.otherImages} baselines hold`} for other images of
          this workload; this image is learnt anew.
        </Notice>
      ) : null}
      <div className="baseline-export">
        As a file <CopyText text={`garrison baseline export ${namespace}/${workload} > ${workload}.yaml`} />
      </div>
    </header>
  );
}

/** What nodes refused, and what they say of ending programs. */
function NodesSay({ detail: { nodes, ladder } }: { readonly detail: BaselineDetail }) {
  if (ladder.step === "learning") return null;
  const said = Map.groupBy(
    nodes.filter(({ because }) => because !== ""),
    ({ state, because }) => `${state} ${because}`,
  );
  return (
    <>
      {nodes.length === 0 ? (
        <Notice tone="warning">No node has taken this baseline yet: no drift is told until one does.</Notice>
      ) : null}
      {[...said.values()].map((same) => {
        const [first] = same;
        if (first === undefined) return null;
        return (
          <Notice key={first.because} tone={first.state === "refused" ? "warning" : "info"}>
            {same.length === 1 ? first.node : `${same.length} nodes`}
            {first.state === "refused" ? " refused it" : ""}: {sentence(first.because)}
          </Notice>
        );
      })}
    </>
  );
}

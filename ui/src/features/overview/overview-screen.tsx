// Overview: what needs me now, what could not be looked at, how much is covered, what the window held.
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { rangeQuery } from "../../app/time-range.ts";
import { filterOf, rangeOf } from "../../app/url-state.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { Loading, TroubleState } from "../../kit/states.tsx";
import { WindowNotices } from "../../kit/window-notices.tsx";
import { DemoPanel } from "../demo/demo-panel.tsx";
import { AttentionCard } from "./attention.tsx";
import { ClusterCards } from "./cluster-cards.tsx";
import { Coverage } from "./coverage.tsx";
import { WindowTraffic } from "./window-traffic.tsx";

const refetchMs = 5000;

export function OverviewScreen() {
  const [state] = useUrlState();
  const range = rangeOf(state);
  const answer = useCall(
    "overview",
    { query: { q: filterOf(state), ...rangeQuery(range) } },
    { keep: true, ...(range.kind === "relative" ? { refetchMs } : {}) },
  );
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading the overview" />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const overview = answer.data;
  return (
    <div className="screen scrolling overview">
      <WindowNotices window={overview.window} error={answer.error} />
      <div className="overview-parts">
        <div>
          <AttentionCard overview={overview} />
          <WindowTraffic overview={overview} />
        </div>
        <div>
          <Coverage clusters={overview.clusters} />
          <div className="overview-stories">
            <DemoPanel />
          </div>
          <ClusterCards clusters={overview.clusters} />
        </div>
      </div>
    </div>
  );
}

// Flows: show me the traffic. Live by default, timeline above, details beside.
import { lazy, Suspense, useState } from "react";
import type { Flow } from "../../../../src/model/flow.ts";
import type { Trouble } from "../../api/trouble.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { listCommand } from "../../kit/list-command.ts";
import { LiveList } from "../../kit/live-list.tsx";
import { ScreenFilter } from "../../kit/screen-filter.tsx";
import { Views } from "../views/views.tsx";
import { FlowTimeline } from "../../kit/flow-timeline.tsx";
import { filterOf } from "../../app/url-state.ts";
import { flowColumns } from "../../kit/flow-columns.tsx";
import { endName, flowKey } from "../../kit/flow-text.ts";

// Fields and what leads on from them come when a row is opened, not with the first screen.
const FlowDetails = lazy(() => import("./flow-details.tsx").then((module) => ({ default: module.FlowDetails })));

export function FlowsScreen() {
  const [state] = useUrlState();
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  return (
    <div className="screen">
      <div className="screen-head">
        <ScreenFilter
          on="flows"
          placeholder="Filter flows, e.g. ns:shop to:db verdict:deny port:5432"
          trouble={trouble}
        />
        <Views screen="/flows" />
      </div>
      <FlowTimeline q={filterOf(state)} />
      <LiveList
        name="flows"
        label="Flows, newest first"
        columns={flowColumns}
        keyOf={flowKey}
        extrasOf={toneOf}
        titleOf={(flow) => `${endName(flow, "source")} → ${endName(flow, "destination")}`}
        details={(flow) => (
          <Suspense>
            <FlowDetails flow={flow} />
          </Suspense>
        )}
        command={(url) => listCommand("flows", url)}
        emptyHint="Open a connection from a watched machine (curl will do) and it is here about two seconds later. If not, look at Health: is an agent connected?"
        onTrouble={setTrouble}
      />
    </div>
  );
}

function toneOf(flow: Flow) {
  return flow.verdict === "deny" ? ({ tone: "deny" } as const) : {};
}

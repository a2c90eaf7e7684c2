// Detections: what rules, baselines and foreign sensors called hostile; the rules themselves; and what speaks too much.
import { useState } from "react";
import type { Trouble } from "../../api/trouble.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { ScreenFilter } from "../../kit/screen-filter.tsx";
import { Tabs } from "../../kit/tabs.tsx";
import { Views } from "../views/views.tsx";
import { DetectionListTab } from "./detection-list.tsx";
import { NoiseTab } from "./noise-board.tsx";
import { RulesTab } from "./rules-list.tsx";
import "../../styles/detections.css";

const tabs = [
  { id: "detections", label: "Detections" },
  { id: "rules", label: "Rules" },
  { id: "noise", label: "Noise" },
] as const;
type TabId = (typeof tabs)[number]["id"];

export function DetectionsScreen() {
  const [state, update] = useUrlState();
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const tab: TabId = tabs.find(({ id }) => id === state.tab)?.id ?? "detections";
  return (
    <div className="screen">
      <div className="screen-head">
        <ScreenFilter
          on="events"
          placeholder="Filter detections, e.g. severity:critical ns:shop technique:T1059.004"
          trouble={trouble}
        />
        <Views screen="/detections" />
      </div>
      <Tabs
        label="Parts of detection"
        tabs={tabs}
        chosen={tab}
        onChoose={(next) => {
          setTrouble(undefined);
          update({ tab: next === "detections" ? undefined : next, pick: undefined }, "replace");
        }}
      >
        {tab === "detections" ? <DetectionListTab onTrouble={setTrouble} /> : null}
        {tab === "rules" ? <RulesTab /> : null}
        {tab === "noise" ? <NoiseTab onTrouble={setTrouble} /> : null}
      </Tabs>
    </div>
  );
}

// The state of a cluster's inventory as icon, word and colour.
import { CircleAlert, CircleCheck, CircleDashed, CircleX, LoaderCircle } from "lucide-react";
import type { Cluster } from "../../../src/model/cluster.ts";
import { StateWord } from "./state-word.tsx";

const states = {
  connected: { tone: "good", icon: CircleCheck, word: "connected" },
  connecting: { tone: "muted", icon: LoaderCircle, word: "connecting" },
  stale: { tone: "warning", icon: CircleAlert, word: "stale" },
  refused: { tone: "bad", icon: CircleX, word: "refused" },
  "agents-only": { tone: "muted", icon: CircleDashed, word: "agents only" },
} as const satisfies Record<Cluster["state"], unknown>;

export function ClusterState({ cluster, reason }: { readonly cluster: Cluster; readonly reason: boolean }) {
  return (
    <span title={cluster.because}>
      <StateWord {...states[cluster.state]} because={reason ? cluster.because : ""} />
    </span>
  );
}

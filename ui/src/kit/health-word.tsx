// Health as icon, word and colour, with its first reason beside it and all of them in the title.
import { CircleAlert, CircleCheck, CircleHelp, CircleX } from "lucide-react";
import type { Health } from "../../../src/model/graph.ts";
import { StateWord } from "./state-word.tsx";

const tones = {
  ok: { tone: "good", icon: CircleCheck },
  degraded: { tone: "warning", icon: CircleAlert },
  failing: { tone: "bad", icon: CircleX },
  unknown: { tone: "muted", icon: CircleHelp },
} as const;

export function HealthWord({ health, reasons }: { readonly health: Health; readonly reasons: "first" | "none" }) {
  const because = reasons === "first" ? (health.because[0] ?? "") : "";
  return (
    <span title={health.because.join("\n")}>
      <StateWord {...tones[health.state]} word={health.state} because={because} />
    </span>
  );
}

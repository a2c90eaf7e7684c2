// Left navigation with the state of Garrison itself at its foot, so that a silent sensor is never mistaken for a quiet network.
import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, CircleX, Keyboard } from "lucide-react";
import { useCall } from "../api/client.ts";
import { Mark } from "./mark.tsx";
import { screens } from "./screens.ts";
import { carried } from "./use-url-state.ts";

export function Navigation({ onKeys }: { readonly onKeys: () => void }) {
  const groups = [...new Set(screens.map(({ group }) => group))];
  return (
    <nav className="nav" aria-label="Main">
      <div className="nav-brand">
        <Mark />
        <span>Garrison</span>
      </div>
      {groups.map((group) => (
        <div className="nav-group" key={group}>
          <h2>{group}</h2>
          {screens
            .filter((screen) => screen.group === group)
            .map(({ to, label, icon: Icon, key }) => (
              <Link key={to} to={to} search={carried} className="nav-link" title={`${label} (g ${key})`}>
                <Icon aria-hidden="true" />
                <span>{label}</span>
              </Link>
            ))}
        </div>
      ))}
      <div className="nav-foot">
        <SelfState />
        <button type="button" className="nav-link" onClick={onKeys}>
          <Keyboard aria-hidden="true" />
          <span>Keys</span>
          <kbd>?</kbd>
        </button>
      </div>
    </nav>
  );
}

function SelfState() {
  const status = useCall("status", {}, { refetchMs: 10_000 });
  if (status.data === undefined && status.error === null) return null;
  const state = status.error === null ? (status.data?.state ?? "down") : "unknown";
  const icons = { ok: CircleCheck, degraded: CircleAlert, down: CircleX, unknown: CircleX } as const;
  const words = {
    ok: "All well",
    degraded: "Degraded",
    down: "Down",
    unknown: "No answer",
  } as const;
  const Icon = icons[state];
  return (
    <Link to="/health" search={carried} className={`nav-link self-${state}`}>
      <Icon aria-hidden="true" />
      <span>{words[state]}</span>
    </Link>
  );
}

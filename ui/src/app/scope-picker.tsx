// Which cluster or namespace is looked at. The choices are what the server has seen, with counts.
import { Boxes, Check, Server } from "lucide-react";
import { useState } from "react";
import { useCall } from "../api/client.ts";
import { troubleOf } from "../api/trouble.ts";
import { Dropdown } from "../kit/dropdown.tsx";
import { formatCount } from "../kit/format.ts";
import { useUrlState } from "./use-url-state.ts";

const texts = {
  cluster: { all: "All clusters", label: "Cluster", icon: Server },
  ns: { all: "All namespaces", label: "Namespace", icon: Boxes },
} as const;

export function ScopePicker({ field }: { readonly field: "cluster" | "ns" }) {
  const [state, update] = useUrlState();
  const [asked, setAsked] = useState(false);
  const hints = useCall("hints", { query: { on: "workloads", field, since: "24h" } }, { enabled: asked });
  const { all, label, icon: Icon } = texts[field];
  const chosen = state[field];
  const seen = (hints.data?.hints ?? []).map(({ value, count }) => ({
    value,
    note: count === 0 ? "" : formatCount(count),
  }));
  const choices: readonly { readonly value: string | undefined; readonly note: string }[] = [
    { value: undefined, note: "" },
    ...seen,
  ];
  return (
    <Dropdown
      label={`${label}: ${chosen ?? all}`}
      icon={<Icon aria-hidden="true" />}
      text={chosen ?? all}
      set={chosen !== undefined}
      onOpen={() => setAsked(true)}
    >
      {(close) => (
        <div className="choices">
          {choices.map(({ value, note }) => (
            <button
              key={value ?? ""}
              type="button"
              aria-pressed={chosen === value}
              onClick={() => {
                update({ [field]: value });
                close();
              }}
            >
              <Check aria-hidden="true" className={chosen === value ? "tick" : "tick tick-off"} />
              <span>{value ?? all}</span>
              <span className="count">{note}</span>
            </button>
          ))}
          {hints.data?.hints.length === 0 ? <p>None seen in the last 24 hours.</p> : null}
          {hints.error === null ? null : <p>{troubleOf(hints.error).message}</p>}
        </div>
      )}
    </Dropdown>
  );
}

// Which cluster or namespace is looked at. The choices are what the server has seen, with counts.
import { Boxes, Check, Server } from "lucide-react";
import { useState } from "react";
import { useCall } from "../api/client.ts";
import { troubleOf } from "../api/trouble.ts";
import { DemoBadge } from "../kit/demo-badge.tsx";
import { Dropdown } from "../kit/dropdown.tsx";
import { formatCount } from "../kit/format.ts";
import { useClusters } from "../kit/use-clusters.ts";
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
  const clusters = useClusters() ?? [];
  const simulated = (value: string | undefined): boolean =>
    field === "cluster" && clusters.some((cluster) => cluster.name === value && cluster.simulated);
  const seen = (hints.data?.hints ?? []).map(({ value, count }) => ({
    value,
    note: count === 0 ? "" : formatCount(count),
  }));
  // A cluster that is known but was not heard of can be chosen too: its page then says why there is nothing.
  const silent = clusters
    .filter(({ name }) => field === "cluster" && !seen.some(({ value }) => value === name))
    .map(({ name }) => ({ value: name, note: "" }));
  const choices: readonly { readonly value: string | undefined; readonly note: string }[] = [
    { value: undefined, note: "" },
    ...seen,
    ...silent,
  ];
  return (
    <Dropdown
      label={`${label}: ${chosen ?? all}`}
      icon={<Icon aria-hidden="true" />}
      text={chosen === undefined ? all : simulated(chosen) ? `${chosen} (demo)` : chosen}
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
              <DemoBadge simulated={simulated(value)} />
              <span className="count">{note}</span>
            </button>
          ))}
          {hints.data?.hints.length === 0 && silent.length === 0 ? <p>None seen in the last 24 hours.</p> : null}
          {hints.error === null ? null : <p>{troubleOf(hints.error).message}</p>}
        </div>
      )}
    </Dropdown>
  );
}

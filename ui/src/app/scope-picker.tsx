// Which cluster or namespace is looked at. The choices are what the server has seen, with counts.
import { Menu } from "@mantine/core";
import { Boxes, Check, ChevronDown, Server } from "lucide-react";
import { useState } from "react";
import { useCall } from "../api/client.ts";
import { troubleOf } from "../api/trouble.ts";
import { formatCount } from "../kit/format.ts";
import { useUrlState } from "./use-url-state.ts";

const texts = {
  cluster: { all: "All clusters", label: "Cluster", icon: Server },
  ns: { all: "All namespaces", label: "Namespace", icon: Boxes },
} as const;

export function ScopePicker({ field }: { readonly field: "cluster" | "ns" }) {
  const [state, update] = useUrlState();
  const [opened, setOpened] = useState(false);
  const hints = useCall("hints", { query: { on: "workloads", field, since: "24h" } }, { enabled: opened });
  const { all, label, icon: Icon } = texts[field];
  const chosen = state[field];
  const choose = (value: string | undefined): void => update({ [field]: value });
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end">
      <Menu.Target>
        <button
          type="button"
          className="picker"
          aria-label={`${label}: ${chosen ?? all}`}
          data-set={chosen !== undefined}
        >
          <Icon aria-hidden="true" />
          <span>{chosen ?? all}</span>
          <ChevronDown aria-hidden="true" />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Tick on={chosen === undefined} />} onClick={() => choose(undefined)}>
          {all}
        </Menu.Item>
        {hints.data?.hints.map(({ value, count }) => (
          <Menu.Item
            key={value}
            leftSection={<Tick on={chosen === value} />}
            rightSection={<span className="count">{formatCount(count)}</span>}
            onClick={() => choose(value)}
          >
            {value}
          </Menu.Item>
        ))}
        {hints.data?.hints.length === 0 ? <Menu.Label>None seen in the last 24 hours</Menu.Label> : null}
        {hints.error === null ? null : <Menu.Label>{troubleOf(hints.error).message}</Menu.Label>}
      </Menu.Dropdown>
    </Menu>
  );
}

function Tick({ on }: { readonly on: boolean }) {
  return <Check aria-hidden="true" className={on ? "tick" : "tick tick-off"} />;
}

// Ctrl/Cmd-K: go to a screen or a workload, change time or theme, all by typing.
import { useNavigate } from "@tanstack/react-router";
import { Box, Clock, CornerDownLeft, Keyboard, Palette as PaletteIcon, type LucideIcon } from "lucide-react";
import { useState, type KeyboardEvent } from "react";
import { useCall } from "../api/client.ts";
import { Dialog } from "../kit/dialog.tsx";
import { workloadSubtitle } from "../kit/workload-text.ts";
import { rankCommands } from "./rank-commands.ts";
import { screens } from "./screens.ts";
import { parseRange, rangeLabel, rangePresets } from "./time-range.ts";
import { chooseScheme } from "./use-scheme.ts";
import { carried, useUrlState } from "./use-url-state.ts";

interface PaletteProps {
  readonly onClose: () => void;
  readonly onKeys: () => void;
}

interface Command {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly icon: LucideIcon;
  readonly run: () => void;
}

const commandsShownMax = 12;
const workloadsAskedMax = 500;

export function Palette(props: PaletteProps) {
  return (
    <Dialog title="Search" hideTitle onClose={props.onClose}>
      <PaletteBody {...props} />
    </Dialog>
  );
}

function PaletteBody({ onClose, onKeys }: PaletteProps) {
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const commands = useCommands(onKeys);
  const shown = rankCommands(commands, typed).slice(0, commandsShownMax);
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setActive((active + step + shown.length) % Math.max(1, shown.length));
    }
    if (event.key === "Enter") run(shown[active]);
  };
  return (
    <div className="palette">
      <input
        role="combobox"
        aria-label="Search screens, workloads and commands"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={shown[active] === undefined ? undefined : `palette-${active}`}
        placeholder="Go to a screen or workload, or run a command"
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div role="listbox" id="palette-list" aria-label="Results">
        {shown.map((command, index) => (
          <div
            key={command.id}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === active}
            tabIndex={-1}
            onPointerMove={() => setActive(index)}
            onClick={() => run(command)}
            onKeyDown={onKeyDown}
          >
            <command.icon aria-hidden="true" />
            <b>{command.title}</b>
            <span>{command.note}</span>
            {index === active ? <CornerDownLeft aria-hidden="true" className="palette-enter" /> : null}
          </div>
        ))}
      </div>
      {shown.length === 0 ? <p className="palette-none">Nothing is called “{typed}”.</p> : null}
    </div>
  );
}

function useCommands(onKeys: () => void): readonly Command[] {
  const navigate = useNavigate();
  const [, update] = useUrlState();
  const workloads = useCall("listWorkloads", { query: { since: "24h", limit: workloadsAskedMax } });
  return [
    ...screens.map(({ to, label, icon, key }) => ({
      id: to,
      title: label,
      note: `g ${key}`,
      icon,
      run: () => void navigate({ to, search: carried }),
    })),
    ...(workloads.data?.rows ?? []).map((workload) => ({
      id: `${workload.cluster}/${workload.namespace}/${workload.kind}/${workload.name}`,
      title: workload.name,
      note: workloadSubtitle(workload),
      icon: Box,
      run: () =>
        void navigate({
          to: "/workloads/$cluster/$namespace/$kind/$name",
          params: workload,
          search: carried,
        }),
    })),
    ...rangePresets.map((preset) => ({
      id: `range-${preset}`,
      title: rangeLabel(parseRange(preset) ?? { kind: "relative", text: preset, lengthMs: 0 }),
      note: "Time range",
      icon: Clock,
      run: () => update({ range: preset }),
    })),
    ...(["light", "dark", "auto"] as const).map((scheme) => ({
      id: `theme-${scheme}`,
      title: scheme === "auto" ? "Theme: follow the system" : `Theme: ${scheme}`,
      note: "Appearance",
      icon: PaletteIcon,
      run: () => chooseScheme(scheme),
    })),
    { id: "keys", title: "Show keys", note: "?", icon: Keyboard, run: onKeys },
  ];
}

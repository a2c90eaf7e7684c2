// The global time range: presets, an exact window, and steps earlier, wider, narrower, later without a mouse.
import { Popover } from "@mantine/core";
import { ChevronDown, ChevronLeft, ChevronRight, Clock, ZoomIn, ZoomOut } from "lucide-react";
import { useState, type FormEvent } from "react";
import { IconButton } from "../kit/icon-button.tsx";
import {
  absoluteRange,
  formatRange,
  parseRange,
  rangeEnds,
  rangeLabel,
  rangePresets,
  scaleRange,
  shiftRange,
  type TimeRange,
} from "./time-range.ts";
import { rangeOf } from "./url-state.ts";
import { useUrlState } from "./use-url-state.ts";

export function TimePicker() {
  const [state, update] = useUrlState();
  const [opened, setOpened] = useState(false);
  const range = rangeOf(state);
  const choose = (next: TimeRange): void => update({ range: formatRange(next) });
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <button
          type="button"
          className="picker"
          aria-label={`Time range: ${rangeLabel(range)}`}
          onClick={() => setOpened((before) => !before)}
        >
          <Clock aria-hidden="true" />
          <span>{rangeLabel(range)}</span>
          <ChevronDown aria-hidden="true" />
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Time range" className="time-menu">
        <div className="time-steps">
          <IconButton label="Earlier by half" onClick={() => choose(shiftRange(range, -0.5, Date.now()))}>
            <ChevronLeft />
          </IconButton>
          <IconButton label="Show twice as much" onClick={() => choose(scaleRange(range, 2, Date.now()))}>
            <ZoomOut />
          </IconButton>
          <IconButton label="Show half as much" onClick={() => choose(scaleRange(range, 0.5, Date.now()))}>
            <ZoomIn />
          </IconButton>
          <IconButton label="Later by half" onClick={() => choose(shiftRange(range, 0.5, Date.now()))}>
            <ChevronRight />
          </IconButton>
        </div>
        <div className="time-presets">
          {rangePresets.map((preset) => (
            <button
              key={preset}
              type="button"
              aria-pressed={state.range === preset || (state.range === undefined && preset === "1h")}
              onClick={() => {
                update({ range: preset });
                setOpened(false);
              }}
            >
              {labelOf(preset)}
            </button>
          ))}
        </div>
        <ExactWindow
          key={formatRange(range)}
          range={range}
          onChoose={(next) => {
            choose(next);
            setOpened(false);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function labelOf(preset: string): string {
  const range = parseRange(preset);
  return range === undefined ? preset : rangeLabel(range);
}

/** Local time in the form that datetime-local inputs take, with seconds. */
function inputValue(ms: number): string {
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function ExactWindow({ range, onChoose }: { readonly range: TimeRange; readonly onChoose: (next: TimeRange) => void }) {
  const [ends] = useState(() => rangeEnds(range, Date.now()));
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const since = Date.parse(String(data.get("since")));
    const until = Date.parse(String(data.get("until")));
    if (!Number.isNaN(since) && !Number.isNaN(until)) onChoose(absoluteRange(since, until));
  };
  return (
    <form className="time-exact" onSubmit={submit}>
      <label>
        From
        <input type="datetime-local" name="since" step={1} required defaultValue={inputValue(ends[0])} />
      </label>
      <label>
        To
        <input type="datetime-local" name="until" step={1} required defaultValue={inputValue(ends[1])} />
      </label>
      <button type="submit" className="button">
        Show this window
      </button>
    </form>
  );
}

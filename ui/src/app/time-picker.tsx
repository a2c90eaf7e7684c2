// The global time range: presets, an exact window, and steps earlier, wider, narrower, later without a mouse.
import { ChevronLeft, ChevronRight, Clock, ZoomIn, ZoomOut } from "lucide-react";
import { useState, type FormEvent } from "react";
import { Dropdown } from "../kit/dropdown.tsx";
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
  const range = rangeOf(state);
  const choose = (next: TimeRange): void => update({ range: formatRange(next) });
  const label = rangeLabel(range);
  return (
    <Dropdown
      label={`Time range: ${label}`}
      icon={<Clock aria-hidden="true" />}
      text={label}
      set={range.kind === "absolute"}
    >
      {(close) => (
        <div className="time-menu">
          <TimeSteps range={range} onChoose={choose} />
          <div className="time-presets">
            {rangePresets.map((preset) => (
              <button
                key={preset}
                type="button"
                aria-pressed={formatRange(range) === preset}
                onClick={() => {
                  update({ range: preset });
                  close();
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
              close();
            }}
          />
        </div>
      )}
    </Dropdown>
  );
}

interface ChooseProps {
  readonly range: TimeRange;
  readonly onChoose: (next: TimeRange) => void;
}

function TimeSteps({ range, onChoose }: ChooseProps) {
  return (
    <div className="time-steps">
      <IconButton label="Earlier by half" onClick={() => onChoose(shiftRange(range, -0.5, Date.now()))}>
        <ChevronLeft />
      </IconButton>
      <IconButton label="Show twice as much" onClick={() => onChoose(scaleRange(range, 2, Date.now()))}>
        <ZoomOut />
      </IconButton>
      <IconButton label="Show half as much" onClick={() => onChoose(scaleRange(range, 0.5, Date.now()))}>
        <ZoomIn />
      </IconButton>
      <IconButton label="Later by half" onClick={() => onChoose(shiftRange(range, 0.5, Date.now()))}>
        <ChevronRight />
      </IconButton>
    </div>
  );
}

function labelOf(preset: string): string {
  const range = parseRange(preset);
  return range === undefined ? preset : rangeLabel(range);
}

/** Milliseconds of a datetime-local field; NaN when it is empty. */
function timeIn(value: FormDataEntryValue | null): number {
  return typeof value === "string" ? Date.parse(value) : Number.NaN;
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
    const since = timeIn(data.get("since"));
    const until = timeIn(data.get("until"));
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

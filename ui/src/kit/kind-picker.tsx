// Which kinds of events a list shows, in the URL. None chosen: what the first button says.
import { useUrlState } from "../app/use-url-state.ts";
import { eventKindWords, type EventKindName } from "./event-text.ts";

interface KindPickerProps {
  readonly kinds: readonly EventKindName[];
  /** The first button: what is shown when no kind is chosen. */
  readonly none: string;
}

export function KindPicker({ kinds, none }: KindPickerProps) {
  const [state, update] = useUrlState();
  const chosen = new Set((state.kinds ?? "").split(",").filter((kind) => kind !== ""));
  const toggle = (kind: string): void => {
    const next = chosen.has(kind) ? [...chosen].filter((each) => each !== kind) : [...chosen, kind];
    update({ kinds: next.length === 0 ? undefined : next.join(",") }, "replace");
  };
  return (
    <div className="kinds" role="group" aria-label="Kinds of events">
      <button type="button" aria-pressed={chosen.size === 0} onClick={() => update({ kinds: undefined }, "replace")}>
        {none}
      </button>
      {kinds.map((kind) => (
        <button key={kind} type="button" aria-pressed={chosen.has(kind)} onClick={() => toggle(kind)}>
          {eventKindWords[kind]}
        </button>
      ))}
    </div>
  );
}

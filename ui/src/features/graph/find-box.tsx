// Finds vertices by name: the hits are marked, Enter walks from one to the next.
import { Search } from "lucide-react";
import { formatCount } from "../../kit/format.ts";

const inputId = "graph-find";

export function focusFind(): void {
  const input = document.getElementById(inputId);
  if (!(input instanceof HTMLInputElement)) return;
  input.focus();
  input.select();
}

export interface FindState {
  readonly text: string;
  /** Which hit is walked to, counted on and on. */
  readonly at: number;
  readonly hits: number;
}

interface FindBoxProps {
  readonly find: FindState;
  readonly onFind: (patch: { readonly text?: string; readonly at?: number }) => void;
}

export function FindBox({ find, onFind }: FindBoxProps) {
  const { text, at, hits } = find;
  return (
    <span className="find-box">
      <Search aria-hidden="true" />
      <input
        id={inputId}
        type="search"
        aria-label="Find in the graph"
        title="Enter walks the hits. In the picture: /"
        placeholder="Find"
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        value={text}
        onChange={(event) => onFind({ text: event.currentTarget.value, at: 0 })}
        onKeyDown={(event) => {
          if (event.key === "Enter" && hits > 0) onFind({ at: (at + (event.shiftKey ? hits - 1 : 1)) % hits });
          else if (event.key === "Escape") {
            onFind({ text: "", at: 0 });
            event.currentTarget.blur();
          } else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <span aria-live="polite">
        {text === "" ? "" : hits === 0 ? "none" : `${formatCount((at % hits) + 1)} of ${formatCount(hits)}`}
      </span>
    </span>
  );
}

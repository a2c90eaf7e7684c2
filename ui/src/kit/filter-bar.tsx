// The filter bar: one typed grammar, suggestions from the server's hints, tokens shown as chips behind the text, and the
// server's error with its place. Enter or leaving applies; nothing is parsed here.
import { CircleAlert, Filter, X } from "lucide-react";
import { useRef, useState, type KeyboardEvent, type RefObject } from "react";
import { useCall } from "../api/client.ts";
import type { Trouble } from "../api/trouble.ts";
import { quoteValue } from "../app/url-state.ts";
import { applyCompletion, completionAt, tokensOf, type Completion } from "./filter-text.ts";
import { filterInputId } from "./focus.ts";
import { formatCount } from "./format.ts";
import { sentence } from "./states.tsx";
import { IconButton } from "./icon-button.tsx";

export interface FilterBarProps {
  readonly on: "flows" | "events" | "workloads";
  readonly value: string;
  readonly placeholder: string;
  readonly onApply: (text: string) => void;
  /** The server's refusal of the applied filter; its position is counted in `value`. */
  readonly trouble: Trouble | undefined;
}

interface Typing {
  readonly text: string;
  readonly caret: number;
  readonly open: boolean;
  readonly active: number;
}

export function FilterBar(props: FilterBarProps) {
  const { on, value, onApply } = props;
  const [typing, setTyping] = useState<Typing | undefined>(undefined);
  const input = useRef<HTMLInputElement>(null);
  const text = typing?.text ?? value;
  const completion = completionAt(text, typing?.caret ?? text.length);
  const suggestions = useSuggestions(on, completion, typing?.open === true);
  const shown = typing?.open === true ? suggestions : [];
  const active = Math.min(typing?.active ?? -1, shown.length - 1);
  const begin = (patch: Partial<Typing>): void =>
    setTyping((before) => ({ text, caret: text.length, open: true, active: -1, ...before, ...patch }));
  const apply = (next: string): void => {
    setTyping(undefined);
    if (next.trim() !== value.trim()) onApply(next.trim());
  };
  const take = (hint: Suggestion): void => {
    const next = applyCompletion(text, completion, hint.insert);
    begin({ text: next.text, caret: next.caret, active: -1, open: true });
    requestAnimationFrame(() => input.current?.setSelectionRange(next.caret, next.caret));
  };
  const onKeyDown = keysOf({ shown, active, completion, begin, take, apply, text, value, input });
  return (
    <div className="filter" data-error={props.trouble !== undefined}>
      <Filter aria-hidden="true" className="filter-icon" />
      <div className="filter-text">
        <Highlight text={text} trouble={typing === undefined ? props.trouble : undefined} />
        <input
          ref={input}
          id={filterInputId}
          role="combobox"
          aria-label="Filter"
          aria-expanded={shown.length > 0}
          aria-controls="filter-hints"
          aria-autocomplete="list"
          aria-activedescendant={active >= 0 ? `filter-hint-${active}` : undefined}
          aria-invalid={props.trouble !== undefined}
          aria-errormessage={props.trouble === undefined ? undefined : "filter-error"}
          autoComplete="off"
          spellCheck={false}
          placeholder={props.placeholder}
          value={text}
          onChange={(event) =>
            begin({
              text: event.currentTarget.value,
              caret: event.currentTarget.selectionStart ?? event.currentTarget.value.length,
              open: true,
              active: -1,
            })
          }
          onSelect={(event) => {
            const caret = event.currentTarget.selectionStart ?? 0;
            // The same key press may just have ended the typing: that must stay ended.
            setTyping((before) => (before === undefined ? before : { ...before, caret }));
          }}
          onFocus={() => begin({})}
          onBlur={() => apply(text)}
          onKeyDown={onKeyDown}
        />
      </div>
      {text === "" ? <kbd className="filter-key">/</kbd> : null}
      {text === "" ? null : (
        <IconButton label="Clear the filter" onClick={() => apply("")}>
          <X />
        </IconButton>
      )}
      {shown.length > 0 ? <Hints hints={shown} active={active} onTake={take} /> : null}
      {props.trouble !== undefined && typing === undefined ? <FilterError trouble={props.trouble} /> : null}
    </div>
  );
}

interface Suggestion {
  readonly title: string;
  readonly insert: string;
  readonly note: string;
}

function useSuggestions(on: FilterBarProps["on"], completion: Completion, open: boolean): readonly Suggestion[] {
  const field = completion.on === "value" ? completion.field : "";
  const answer = useCall("hints", { query: { on, field, prefix: completion.prefix } }, { enabled: open, keep: true });
  return (answer.data?.hints ?? []).slice(0, 12).map(({ value, count, note }) => ({
    title: field === "" ? `${value}:` : value,
    insert: field === "" ? `${value}:` : quoteValue(value),
    note: field === "" || note !== "" ? note : formatCount(count),
  }));
}

interface KeyParts {
  readonly shown: readonly Suggestion[];
  readonly active: number;
  readonly completion: Completion;
  readonly begin: (patch: Partial<Typing>) => void;
  readonly take: (hint: Suggestion) => void;
  readonly apply: (next: string) => void;
  /** What is typed, and what holds. */
  readonly text: string;
  readonly value: string;
  readonly input: RefObject<HTMLInputElement | null>;
}

function keysOf({ shown, active, completion, begin, take, apply, text, value, input }: KeyParts) {
  return (event: KeyboardEvent<HTMLInputElement>): void => {
    const chosen = shown[active];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      begin({ open: true, active: (active + step + shown.length) % Math.max(1, shown.length) });
    } else if (event.key === "Tab" && !event.shiftKey) {
      // With nothing to complete the key goes on to the next thing on the page, as everywhere.
      const hint = chosen ?? (completion.prefix === "" ? undefined : shown[0]);
      if (hint === undefined) return;
      event.preventDefault();
      take(hint);
    } else if (event.key === "Enter") {
      if (chosen === undefined) {
        apply(text);
        input.current?.blur();
      } else take(chosen);
    } else if (event.key === "Escape") {
      if (shown.length > 0) begin({ open: false });
      else {
        apply(value);
        input.current?.blur();
      }
    }
  };
}

/** The text again, invisible, behind the input: tokens give chips, the server's error position a mark. */
function Highlight({ text, trouble }: { readonly text: string; readonly trouble: Trouble | undefined }) {
  const pieces: { readonly text: string; readonly kind: string; readonly at: number }[] = [];
  let at = 0;
  for (const token of tokensOf(text)) {
    if (token.start > at) pieces.push({ text: text.slice(at, token.start), kind: "space", at });
    const position = trouble?.filterPosition ?? -1;
    const wrong = position >= token.start && position < token.end;
    const kind = wrong ? "wrong" : token.field === "" ? "word" : token.negated ? "negated" : "term";
    pieces.push({ text: token.text, kind, at: token.start });
    at = token.end;
  }
  return (
    <div className="filter-marks" aria-hidden="true">
      {pieces.map((piece) => (
        <span key={piece.at} data-kind={piece.kind}>
          {piece.text}
        </span>
      ))}
    </div>
  );
}

interface HintsProps {
  readonly hints: readonly Suggestion[];
  readonly active: number;
  readonly onTake: (hint: Suggestion) => void;
}

function Hints({ hints, active, onTake }: HintsProps) {
  return (
    <div className="filter-hints" role="listbox" id="filter-hints" aria-label="Suggestions">
      {hints.map((hint, index) => (
        <div
          key={hint.title}
          id={`filter-hint-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === active}
          onPointerDown={(event) => {
            // Before the input's blur, which would apply the unfinished text.
            event.preventDefault();
            onTake(hint);
          }}
        >
          <b>{hint.title}</b>
          <span>{hint.note}</span>
        </div>
      ))}
      <p>
        <kbd>↓</kbd> choose <kbd>Tab</kbd> complete <kbd>Enter</kbd> apply
      </p>
    </div>
  );
}

function FilterError({ trouble }: { readonly trouble: Trouble }) {
  const { filterPosition: position } = trouble;
  return (
    <div className="filter-error" id="filter-error" role="alert">
      <CircleAlert aria-hidden="true" />
      <span>
        {position === undefined || position < 0 ? "" : `Character ${position + 1}: `}
        {sentence(trouble.message.replace(/ \(at character \d+ of the filter\)/, ""))} {trouble.hint}
      </span>
    </div>
  );
}

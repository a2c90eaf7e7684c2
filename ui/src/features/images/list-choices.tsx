// What a list is narrowed to: words, a severity, and what runs, has a fix, is exploited. All of it lives in the URL.
import { useEffect, useState } from "react";
import { useUrlState } from "../../app/use-url-state.ts";
import { chosenOf, filters, filterWords, severities, severityWords, toggled } from "./image-words.ts";

const typingMs = 250;

export function ListChoices({ what, hint }: { readonly what: string; readonly hint: string }) {
  const [state, update] = useUrlState();
  const [text, setText] = useState(state.q ?? "");
  useEffect(() => {
    if (text === (state.q ?? "")) return undefined;
    const timer = setTimeout(() => update({ q: text === "" ? undefined : text }, "replace"), typingMs);
    return () => clearTimeout(timer);
  }, [text, state.q, update]);
  const chosen = chosenOf(state.only);
  const severity = severities.find((each) => chosen.has(each)) ?? "";
  const chooseSeverity = (next: string): void => {
    const others = [...chosen].filter((word) => !severities.some((each) => each === word));
    const words = next === "" ? others : [...others, next];
    update({ only: words.length === 0 ? undefined : words.join(",") }, "replace");
  };
  return (
    <div className="image-choices" role="search" aria-label={`Narrow ${what}`}>
      <input
        type="search"
        aria-label={hint}
        placeholder={hint}
        value={text}
        maxLength={512}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
      />
      <select
        aria-label="Severity"
        value={severity}
        onChange={({ currentTarget }) => chooseSeverity(currentTarget.value)}
      >
        <option value="">Any severity</option>
        {severities.map((each) => (
          <option key={each} value={each}>
            {severityWords[each]}
          </option>
        ))}
      </select>
      {filters.map((name) => (
        <button
          key={name}
          type="button"
          className="chip"
          aria-pressed={chosen.has(name)}
          onClick={() => update({ only: toggled(state.only, name) }, "replace")}
        >
          {filterWords[name]}
        </button>
      ))}
    </div>
  );
}

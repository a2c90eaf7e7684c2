// The filter bar bound to the URL; the server's error position is mapped from the sent text (scope included) to the typed one.
import type { Trouble } from "../api/trouble.ts";
import { filterOffset } from "../app/url-state.ts";
import { useUrlState } from "../app/use-url-state.ts";
import { FilterBar, type FilterBarProps } from "./filter-bar.tsx";

interface ScreenFilterProps extends Pick<FilterBarProps, "on" | "placeholder"> {
  readonly trouble: Trouble | undefined;
}

export function ScreenFilter({ on, placeholder, trouble }: ScreenFilterProps) {
  const [state, update] = useUrlState();
  const mine = trouble?.kind === "bad-input" ? trouble : undefined;
  const position = mine?.filterPosition;
  const mapped =
    mine === undefined || position === undefined ? mine : { ...mine, filterPosition: position - filterOffset(state) };
  return (
    <FilterBar
      on={on}
      value={state.q ?? ""}
      placeholder={placeholder}
      trouble={mapped}
      onApply={(q) => update({ q: q === "" ? undefined : q })}
    />
  );
}

// Namespaces as layers: shown, dimmed or hidden. The choice is in the address, so a link or a saved view keeps it.
import { Layers } from "lucide-react";
import { useUrlState } from "../../app/use-url-state.ts";
import { Dropdown } from "../../kit/dropdown.tsx";
import { formatCount } from "../../kit/format.ts";
import { listOf, withItem, withoutItem } from "./graph-question.ts";
import type { Layer } from "./shown-graph.ts";

const choices = ["show", "dim", "hide"] as const;
type Choice = (typeof choices)[number];
const words: Readonly<Record<Choice, string>> = { show: "Show", dim: "Dim", hide: "Hide" };

export function LayersMenu({ layers }: { readonly layers: readonly Layer[] }) {
  const [state, update] = useUrlState();
  const [hidden, dimmed] = [listOf(state.hide), listOf(state.dim)];
  const single = listOf(state.without).length;
  const choiceOf = (id: string): Choice => (hidden.includes(id) ? "hide" : dimmed.includes(id) ? "dim" : "show");
  const choose = (id: string, choice: Choice): void =>
    update({
      hide: choice === "hide" ? withItem(state.hide, id) : withoutItem(state.hide, id),
      dim: choice === "dim" ? withItem(state.dim, id) : withoutItem(state.dim, id),
    });
  const isSet = hidden.length + dimmed.length + single > 0;
  const isMany = new Set(layers.map(({ cluster }) => cluster)).size > 1;
  return (
    <Dropdown
      label={`Layers: ${hidden.length} hidden, ${dimmed.length} dimmed`}
      icon={<Layers aria-hidden="true" />}
      text="Layers"
      set={isSet}
    >
      {() => (
        <div className="graph-layers">
          {layers.length === 0 ? <p className="calm">No namespace is in the picture.</p> : null}
          {layers.map(({ id, namespace, cluster, vertices }) => (
            <fieldset key={id}>
              <legend>
                <b>{namespace}</b>{" "}
                <small>
                  {isMany ? `${cluster} · ` : ""}
                  {formatCount(vertices)}
                </small>
              </legend>
              {choices.map((choice) => (
                <label key={choice}>
                  <input
                    type="radio"
                    name={`layer-${id}`}
                    checked={choiceOf(id) === choice}
                    onChange={() => choose(id, choice)}
                  />
                  {words[choice]}
                </label>
              ))}
            </fieldset>
          ))}
          {isSet ? (
            <button
              type="button"
              className="button"
              onClick={() => update({ hide: undefined, dim: undefined, without: undefined })}
            >
              Show all{single > 0 ? ` (${single} hidden one by one)` : ""}
            </button>
          ) : null}
        </div>
      )}
    </Dropdown>
  );
}

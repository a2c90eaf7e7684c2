// What the keyboard does, opened with "?".
import { Dialog } from "../kit/dialog.tsx";
import { screens } from "./screens.ts";

const general = [
  [["Ctrl", "K"], "Search and commands"],
  [["/"], "Filter"],
  [["?"], "This list"],
  [["Esc"], "Back: close details, leave the filter"],
] as const;

const lists = [
  [["j"], "Next row"],
  [["k"], "Previous row"],
  [["Enter"], "Open details"],
  [["Home"], "First row, follow again"],
  [["p"], "Pause or resume a live list"],
  [["c"], "Copy the same question as a command"],
] as const;

interface Binding {
  readonly keys: readonly string[];
  readonly does: string;
}

export function KeysHelp({ onClose }: { readonly onClose: () => void }) {
  const columns: readonly (readonly [string, readonly Binding[]])[] = [
    ["Everywhere", general.map(([keys, does]) => ({ keys, does }))],
    ["In lists", lists.map(([keys, does]) => ({ keys, does }))],
    ["Go to", screens.map(({ key, label }) => ({ keys: ["g", key], does: label }))],
  ];
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div className="keys">
        {columns.map(([title, bindings]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {bindings.map(({ keys, does }) => (
                <div key={does}>
                  <dt>
                    {keys.map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

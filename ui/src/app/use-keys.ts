// Keyboard shortcuts: single keys and two-key sequences ("g f"), silent while somebody types or a dialog is open.
import { useEffect, useRef } from "react";

export type KeyMap = Readonly<Record<string, () => void>>;

const sequenceMsMax = 1200;

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.closest("input, textarea, select, [contenteditable], dialog, [role=dialog], [role=menu], [role=listbox]") !==
    null
  );
}

const pressing: ReadonlySet<string> = new Set(["Enter", " "]);
const scrolling: ReadonlySet<string> = new Set(["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"]);

/** What has the focus keeps its own keys: Enter presses a button or follows a link, and what scrolls is scrolled. */
function isOwnKey(key: string, target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (pressing.has(key)) return target.matches("a[href], button, summary, [role=button]");
  return scrolling.has(key) && target.closest("[data-scrolls]") !== null;
}

/** "k" | "Escape" | "g f" | "mod+k" (Ctrl or Cmd). The newest map is used; only "mod+" keys work while typing. */
export function useKeys(map: KeyMap): void {
  const current = useRef(map);
  useEffect(() => {
    current.current = map;
  });
  useEffect(() => {
    let first = "";
    let firstAt = 0;
    const onKey = (event: KeyboardEvent): void => {
      const modified = event.ctrlKey || event.metaKey;
      if (event.altKey || event.defaultPrevented || (!modified && isTyping(event.target))) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      if (!modified && isOwnKey(key, event.target)) return;
      const sequence = event.timeStamp - firstAt < sequenceMsMax ? `${first} ${key}` : "";
      const run = modified ? current.current[`mod+${key}`] : (current.current[sequence] ?? current.current[key]);
      first = key;
      firstAt = event.timeStamp;
      if (run === undefined) return;
      first = "";
      event.preventDefault();
      run();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

// Copying text: a command shown with its button, or a button alone. Says when it was done, and when the browser refused.
import { Check, Copy, TriangleAlert } from "lucide-react";
import { useState } from "react";

type CopyState = "idle" | "done" | "refused";
const shownMs = 1600;

/** Puts text on the clipboard; the state goes back to idle after a moment. */
export function useCopy(): readonly [CopyState, (text: string) => void] {
  const [state, setState] = useState<CopyState>("idle");
  const settle = (next: CopyState): void => {
    setState(next);
    setTimeout(() => setState("idle"), shownMs);
  };
  const copy = (text: string): void => {
    navigator.clipboard.writeText(text).then(
      () => settle("done"),
      () => settle("refused"),
    );
  };
  return [state, copy];
}

const words = { idle: "Copy", done: "Copied", refused: "Select and copy by hand" } as const;
const icons = { idle: Copy, done: Check, refused: TriangleAlert } as const;

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [state, copy] = useCopy();
  const Icon = icons[state];
  return (
    <button type="button" className="button" onClick={() => copy(text)}>
      <Icon aria-hidden="true" />
      <span aria-live="polite">{state === "idle" ? label : words[state]}</span>
    </button>
  );
}

/** A command or id in a box, with its copy button. */
export function CopyText({ text }: { readonly text: string }) {
  return (
    <div className="copy-text">
      <code tabIndex={0}>{text}</code>
      <CopyButton text={text} label="Copy" />
    </div>
  );
}

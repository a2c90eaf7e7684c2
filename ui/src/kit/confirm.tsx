// Asks before something that cannot be taken back: names what happens, does it, says when it was refused.
import { useState, type ReactNode } from "react";
import { troubleOf, type Trouble } from "../api/trouble.ts";
import { Dialog } from "./dialog.tsx";
import { Notice, sentence } from "./states.tsx";

interface ConfirmProps {
  readonly title: string;
  /** What happens, in full sentences. */
  readonly children: ReactNode;
  /** The word on the button: a verb. */
  readonly act: string;
  /** "good" for what stops and deletes nothing. */
  readonly tone?: "good" | "bad";
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Closes when it is done; stays open with the reason when it was refused. */
export function Confirm({ title, children, act, tone = "bad", onConfirm, onClose }: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const confirm = (): void => {
    if (busy) return;
    setBusy(true);
    onConfirm().then(onClose, (error: unknown) => {
      setTrouble(troubleOf(error));
      setBusy(false);
    });
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="confirm">
        {children}
        {trouble === undefined ? null : (
          <Notice tone="warning">
            {sentence(trouble.message)} {trouble.hint}
          </Notice>
        )}
        <div className="confirm-acts">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="button" className={`button button-${tone}`} onClick={confirm} aria-busy={busy}>
            {act}
          </button>
        </div>
      </div>
    </Dialog>
  );
}

// A dialog over the page, the browser's own: focus stays inside and goes back, Escape and a click outside close it.
import { X } from "lucide-react";
import { useEffect, useRef, type ReactNode } from "react";
import { IconButton } from "./icon-button.tsx";

interface DialogProps {
  readonly title: string;
  /** The title is said but not shown. */
  readonly hideTitle?: true;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function Dialog({ title, hideTitle, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      className="dialog"
      aria-label={title}
      onClose={onClose}
      onClick={(event) => {
        // Only the backdrop is the dialog element itself; everything inside is in the body below.
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className="dialog-body">
        {hideTitle === true ? null : (
          <div className="dialog-head">
            <h2>{title}</h2>
            <IconButton label="Close" onClick={onClose}>
              <X />
            </IconButton>
          </div>
        )}
        {children}
      </div>
    </dialog>
  );
}

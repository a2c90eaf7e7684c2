// The details of one row beside the list; the list stays usable, Escape closes.
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "./icon-button.tsx";

interface DetailsPaneProps {
  readonly title: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function DetailsPane({ title, onClose, children }: DetailsPaneProps) {
  return (
    <aside className="details" aria-label="Details">
      <header>
        <h2>{title}</h2>
        <IconButton label="Close details (Esc)" onClick={onClose}>
          <X />
        </IconButton>
      </header>
      <div className="details-body" tabIndex={0} role="group" aria-label="All fields" data-scrolls="">
        {children}
      </div>
    </aside>
  );
}

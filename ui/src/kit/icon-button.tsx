// A button that is only an icon. Its name is not optional.
import type { ReactNode } from "react";

export interface IconButtonProps {
  readonly label: string;
  readonly onClick: () => void;
  readonly children: ReactNode;
  readonly pressed?: boolean;
  /** Why it cannot be used now; the reason is its tooltip. */
  readonly disabledBecause?: string | undefined;
}

export function IconButton({ label, onClick, children, pressed, disabledBecause }: IconButtonProps) {
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      title={disabledBecause ?? label}
      aria-pressed={pressed}
      aria-disabled={disabledBecause !== undefined}
      onClick={() => {
        if (disabledBecause === undefined) onClick();
      }}
    >
      {children}
    </button>
  );
}

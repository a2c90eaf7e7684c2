// A button with a panel under it: opens on click, closes on Escape, on a click outside and when the focus leaves.
import { ChevronDown } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";

export interface DropdownProps {
  /** Name of the button for assistive technology, with the present choice. */
  readonly label: string;
  readonly icon: ReactNode;
  readonly text: string;
  /** True when the choice differs from the default: the button is tinted. */
  readonly set: boolean;
  readonly onOpen?: () => void;
  readonly children: (close: () => void) => ReactNode;
}

export function Dropdown({ label, icon, text, set, onOpen, children }: DropdownProps) {
  const [opened, setOpened] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const close = (): void => {
    setOpened(false);
    button.current?.focus();
  };
  return (
    <div
      className="dropdown"
      onBlur={(event) => {
        // A press inside the panel that focuses nothing has no related target and must not close it.
        const to = event.relatedTarget;
        if (to instanceof Node && !event.currentTarget.contains(to)) setOpened(false);
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !opened) return;
        event.stopPropagation();
        event.preventDefault();
        close();
      }}
    >
      <button
        ref={button}
        type="button"
        className="picker"
        aria-label={label}
        aria-haspopup="dialog"
        aria-expanded={opened}
        data-set={set}
        onClick={() => {
          if (!opened) onOpen?.();
          setOpened(!opened);
        }}
      >
        {icon}
        <span>{text}</span>
        <ChevronDown aria-hidden="true" />
      </button>
      {opened ? (
        <>
          <div className="dropdown-outside" onPointerDown={() => setOpened(false)} />
          <div className="dropdown-panel" role="dialog" aria-label={label}>
            {children(close)}
          </div>
        </>
      ) : null}
    </div>
  );
}

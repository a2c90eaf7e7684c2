// A dialog over the page: focus stays inside, Escape and a click outside close it, focus goes back to where it was.
import { Modal } from "@mantine/core";
import type { ReactNode } from "react";

interface DialogProps {
  readonly title: string;
  /** The title is said but not shown. */
  readonly hideTitle?: true;
  readonly size: number | "auto";
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function Dialog({ title, hideTitle, size, onClose, children }: DialogProps) {
  const shown = hideTitle !== true;
  return (
    <Modal
      opened
      onClose={onClose}
      size={size}
      yOffset="12vh"
      // Locking the page's scroll would add a style element at run time, which the CSP forbids; the frame never scrolls.
      lockScroll={false}
      transitionProps={{ duration: 0 }}
      withCloseButton={shown}
      closeButtonProps={{ "aria-label": "Close" }}
      aria-label={title}
      {...(shown ? { title } : { padding: 0 })}
    >
      {children}
    </Modal>
  );
}

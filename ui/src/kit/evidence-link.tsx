// A link to a screen that the server names (where the evidence of something is). The time range goes along.
import { useRouter } from "@tanstack/react-router";
import type { MouseEvent, ReactNode } from "react";
import { useUrlState } from "../app/use-url-state.ts";
import { evidenceHref, type Evidence } from "./evidence-href.ts";

interface EvidenceLinkProps {
  readonly evidence: Evidence;
  readonly className?: string;
  readonly children: ReactNode;
}

export function EvidenceLink({ evidence, className, children }: EvidenceLinkProps) {
  const router = useRouter();
  const [state] = useUrlState();
  const href = evidenceHref(evidence, state);
  const open = (event: MouseEvent): void => {
    // A click with a modifier is the browser's: a new tab, a new window.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    router.history.push(href);
  };
  return (
    <a href={href} className={className} onClick={open}>
      {children}
    </a>
  );
}

// The designed states of a panel: empty, loading, forbidden, unreachable, bad input; and one-line notices for partial, stale
// and gaps. Each says what happened and what to do.
import { Ban, CircleHelp, CloudOff, LockKeyhole, SearchX, TextSearch, TriangleAlert } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import type { Trouble, TroubleKind } from "../api/trouble.ts";

interface StateProps {
  readonly icon: ReactNode;
  readonly title: string;
  readonly hint: ReactNode;
  readonly children?: ReactNode;
}

export function State({ icon, title, hint, children }: StateProps) {
  return (
    <div className="state">
      <span className="state-icon" aria-hidden="true">
        {icon}
      </span>
      <h2>{title}</h2>
      <p>{hint}</p>
      {children === undefined ? null : <div className="state-acts">{children}</div>}
    </div>
  );
}

const titles: Readonly<Record<TroubleKind, string>> = {
  unauthenticated: "The session has ended",
  forbidden: "Your role does not include this",
  "not-found": "Not found",
  "bad-input": "The question was not understood",
  limited: "Too much at once",
  unavailable: "A part of Garrison is away",
  unreachable: "Garrison does not answer",
  unexpected: "Something failed",
};

const icons: Readonly<Record<TroubleKind, ReactNode>> = {
  unauthenticated: <LockKeyhole />,
  forbidden: <LockKeyhole />,
  "not-found": <SearchX />,
  "bad-input": <TextSearch />,
  limited: <Ban />,
  unavailable: <CloudOff />,
  unreachable: <CloudOff />,
  unexpected: <CircleHelp />,
};

export function TroubleState({ trouble, onRetry }: { readonly trouble: Trouble; readonly onRetry?: () => void }) {
  const retryHelps = trouble.kind !== "bad-input" && trouble.kind !== "forbidden";
  return (
    <div role="alert">
      <State
        icon={icons[trouble.kind]}
        title={titles[trouble.kind]}
        hint={
          <>
            {sentence(trouble.message)} {trouble.hint} <code className="state-code">{trouble.code}</code>
          </>
        }
      >
        {onRetry !== undefined && retryHelps ? (
          <button type="button" className="button" onClick={onRetry}>
            Try again
          </button>
        ) : null}
      </State>
    </div>
  );
}

/** "no session" -> "No session." */
export function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?)]$/.test(first) ? first : `${first}.`;
}

/** Grey bars in the shape of the coming rows. */
const longLoadingMs = 3000;

/** Grey bars; after some seconds with a word, so that nobody takes them for the page. */
export function Loading({ label, rows = 12 }: { readonly label: string; readonly rows?: number }) {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), longLoadingMs);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="loading" role="status" aria-label={label}>
      {isLong ? <p className="loading-long">{label}: still looking, a lot is stored.</p> : null}
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} />
      ))}
    </div>
  );
}

interface NoticeProps {
  readonly tone: "warning" | "info";
  readonly children: ReactNode;
  readonly act?: ReactNode;
}

/** One line above data that is true but not whole. */
export function Notice({ tone, children, act }: NoticeProps) {
  return (
    <div className={`notice notice-${tone}`} role="status">
      <TriangleAlert aria-hidden="true" />
      <span>{children}</span>
      {act}
    </div>
  );
}

// Nothing is shown without a session: the login page explains how to get one, and goes away by itself when there is one.
import { KeyRound } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { useSession } from "../api/session.ts";
import { troubleOf, type Trouble } from "../api/trouble.ts";
import { CopyText } from "../kit/copy.tsx";
import { TroubleState } from "../kit/states.tsx";
import { Mark } from "./mark.tsx";

export function Gate({ children }: { readonly children: ReactNode }) {
  const session = useSession();
  // While it is asked again (every few seconds) there is no error for a moment: the page must not go blank for that.
  const [last, setLast] = useState<Trouble | undefined>(undefined);
  useEffect(() => {
    if (session.error !== null) setLast(troubleOf(session.error));
  }, [session.error]);
  if (session.data !== undefined && session.error === null) return children;
  const trouble = session.error === null ? last : troubleOf(session.error);
  if (trouble === undefined) return <div className="gate" aria-busy="true" />;
  if (trouble.kind === "unauthenticated") return <Login because={trouble.message} />;
  // A server that went away while a screen was open leaves the screen: its panels say that they are stale.
  if (session.data !== undefined) return children;
  return (
    <main className="gate">
      <TroubleState trouble={trouble} onRetry={() => void session.refetch()} />
    </main>
  );
}

function Login({ because }: { readonly because: string }) {
  return (
    <main className="gate">
      <section className="login" aria-labelledby="login-title">
        <Mark />
        <h1 id="login-title">Open the console with a link</h1>
        <p>
          Garrison has no password page. A link that works once carries the credential; this browser keeps the session
          afterwards.
        </p>
        <ol>
          <li>
            <b>You just started it?</b> Open the address that <code>npm start</code> printed, with everything behind the
            #.
          </li>
          <li>
            <b>It runs already?</b> Ask it for a new link on the machine where it runs:
            <CopyText text="npx garrison console" />
          </li>
        </ol>
        <p className="login-because" role="status">
          <KeyRound aria-hidden="true" />
          <span>{because}</span>
        </p>
      </section>
    </main>
  );
}

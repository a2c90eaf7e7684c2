// Who may come in: who one is oneself, join tokens for agents, API tokens. Secrets are shown once, where they are made.
import { LockKeyhole, LogOut } from "lucide-react";
import { useState } from "react";
import type { Status } from "../../../../src/apps/server/contract/health.ts";
import { endSession, useSession } from "../../api/session.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { Notice, sentence, State } from "../../kit/states.tsx";
import { ApiTokens } from "./api-tokens.tsx";
import { JoinTokens } from "./join-tokens.tsx";

export function Access({ door }: { readonly door: Status["agentsDoor"] }) {
  const session = useSession();
  const role = session.data?.role;
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  return (
    <section className="card" aria-labelledby="access-title">
      <h2 id="access-title">Access</h2>
      <div className="access-who">
        <p className="calm">
          You are <b>{session.data?.user ?? "nobody"}</b> with the role <b>{role ?? "none"}</b>.
        </p>
        <button
          type="button"
          className="button"
          onClick={() => {
            endSession().catch((error: unknown) => setTrouble(troubleOf(error)));
          }}
        >
          <LogOut aria-hidden="true" />
          Log out
        </button>
      </div>
      {trouble === undefined ? null : <Notice tone="warning">{sentence(trouble.message)}</Notice>}
      {role === "admin" ? (
        <>
          <JoinTokens door={door} />
          <ApiTokens />
        </>
      ) : (
        <State
          icon={<LockKeyhole />}
          title="Tokens are made and seen by admins"
          hint={`Your role is ${role ?? "none"}. Ask an admin for a join token or an API token.`}
        />
      )}
    </section>
  );
}

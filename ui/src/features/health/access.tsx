// Who may come in: join tokens for agents, API tokens. Secrets are shown once, where they are made.
import { LockKeyhole } from "lucide-react";
import { useState, type FormEvent } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { Age } from "../../kit/age.tsx";
import { CopyText } from "../../kit/copy.tsx";
import { formatDateTime } from "../../kit/format.ts";
import { Notice, State, TroubleState } from "../../kit/states.tsx";

export function Access() {
  const session = useSession();
  const role = session.data?.role;
  return (
    <section className="card" aria-labelledby="access-title">
      <h2 id="access-title">Access</h2>
      <p className="calm">
        You are <b>{session.data?.user ?? "nobody"}</b> with the role <b>{role ?? "none"}</b>.
      </p>
      {role === "admin" ? (
        <>
          <JoinTokens />
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

function JoinTokens() {
  const answer = useCall("listJoinTokens", {});
  const [made, setMade] = useState<string | undefined>(undefined);
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const cluster = new FormData(event.currentTarget).get("cluster");
    if (typeof cluster !== "string") return;
    setTrouble(undefined);
    call(apiClient, "createJoinToken", { body: { cluster, uses: 1, expiresInSeconds: 3600 } })
      .then(({ token }) => {
        setMade(token);
        return queryClient.invalidateQueries({ queryKey: ["listJoinTokens"] });
      })
      .catch((error: unknown) => setTrouble(troubleOf(error)));
  };
  return (
    <div className="tokens">
      <h3>Join tokens</h3>
      <form onSubmit={submit}>
        <label>
          Cluster
          <input name="cluster" defaultValue="local" required maxLength={253} />
        </label>
        <button type="submit" className="button">
          Make a join token
        </button>
        <span className="none">valid for one agent and one hour</span>
      </form>
      {trouble === undefined ? null : <Notice tone="warning">{trouble.message}</Notice>}
      {made === undefined ? null : (
        <>
          <Notice tone="info">
            Shown once. Start the agent with it (8687 is the agents’ port unless it was configured otherwise):
          </Notice>
          <CopyText text={`garrison run agent --join-token ${made} --server-address ${location.hostname}:8687`} />
        </>
      )}
      {answer.error === null ? null : <TroubleState trouble={troubleOf(answer.error)} />}
      {answer.data?.tokens.length === 0 ? <p className="calm">No join token is open.</p> : null}
      <ul className="token-list">
        {answer.data?.tokens.map(({ id, cluster, usesLeft, expiresAt, author }) => (
          <li key={id}>
            <code>{id}</code> for <b>{cluster}</b>, {usesLeft} uses left, ends {formatDateTime(expiresAt)}, by {author}
          </li>
        ))}
      </ul>
    </div>
  );
}

function ApiTokens() {
  const answer = useCall("listTokens", {});
  return (
    <div className="tokens">
      <h3>API tokens</h3>
      {answer.error === null ? null : <TroubleState trouble={troubleOf(answer.error)} />}
      {answer.data?.tokens.length === 0 ? (
        <p className="calm">None. The command line on this machine needs none.</p>
      ) : null}
      <ul className="token-list">
        {answer.data?.tokens.map(({ id, name, role, user, lastUsedAt }) => (
          <li key={id}>
            <b>{name}</b> ({role}) of {user}, {lastUsedAt === undefined ? "never used" : "last used "}
            {lastUsedAt === undefined ? null : <Age time={lastUsedAt} />}
          </li>
        ))}
      </ul>
    </div>
  );
}

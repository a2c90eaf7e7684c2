// Join tokens: made with the command that uses them, shown once; withdrawn when they are not wanted.
import { useState, type FormEvent } from "react";
import type { Status } from "../../../../src/apps/server/contract/health.ts";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { Confirm } from "../../kit/confirm.tsx";
import { CopyText } from "../../kit/copy.tsx";
import { formatDateTime } from "../../kit/format.ts";
import { Notice, sentence, TroubleState } from "../../kit/states.tsx";
import { joinCommand } from "./join-command.ts";

export function JoinTokens({ door }: { readonly door: Status["agentsDoor"] }) {
  const answer = useCall("listJoinTokens", {});
  const [made, setMade] = useState<string | undefined>(undefined);
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const [leaving, setLeaving] = useState<{ readonly id: string; readonly cluster: string } | undefined>(undefined);
  const refresh = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ["listJoinTokens"] });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const cluster = new FormData(event.currentTarget).get("cluster");
    if (typeof cluster !== "string") return;
    setTrouble(undefined);
    call(apiClient, "createJoinToken", { body: { cluster, uses: 1, expiresInSeconds: 3600 } })
      .then(({ token }) => {
        setMade(token);
        return refresh();
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
      {trouble === undefined ? null : <Notice tone="warning">{sentence(trouble.message)}</Notice>}
      {made === undefined ? null : <MadeToken token={made} door={door} />}
      {answer.error === null ? null : <TroubleState trouble={troubleOf(answer.error)} />}
      {answer.data?.tokens.length === 0 ? <p className="calm">No join token is open.</p> : null}
      <ul className="token-list">
        {answer.data?.tokens.map(({ id, cluster, usesLeft, expiresAt, author }) => (
          <li key={id}>
            <span>
              <code>{id}</code> for <b>{cluster}</b>, {usesLeft} {usesLeft === 1 ? "use" : "uses"} left, ends{" "}
              {formatDateTime(expiresAt)}, by {author}
            </span>
            <button
              type="button"
              className="button"
              aria-label={`Withdraw join token ${id}`}
              onClick={() => setLeaving({ id, cluster })}
            >
              Withdraw
            </button>
          </li>
        ))}
      </ul>
      {leaving === undefined ? null : (
        <Confirm
          title={`Withdraw the join token ${leaving.id}?`}
          act="Withdraw"
          onClose={() => setLeaving(undefined)}
          onConfirm={async () => {
            await call(apiClient, "deleteJoinToken", { params: { id: leaving.id } });
            setMade(undefined);
            await refresh();
          }}
        >
          <p>No further agent can join {leaving.cluster} with it. Agents that joined already are not touched.</p>
        </Confirm>
      )}
    </div>
  );
}

function MadeToken({ token, door }: { readonly token: string; readonly door: Status["agentsDoor"] }) {
  const join = joinCommand(door, token, location.hostname);
  if (join === undefined)
    return (
      <>
        <Notice tone="warning">
          Shown once. This server has no door for agents, so that nothing can join with it now.
        </Notice>
        <CopyText text={token} />
      </>
    );
  return (
    <>
      <Notice tone="info">Shown once. Start the agent with it. {join.note}</Notice>
      <CopyText text={join.command} />
    </>
  );
}

// API tokens: made with a role and an end, their secret shown once; revoked with everything that was opened with them.
import { useState, type FormEvent } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import type { Role } from "../../../../src/apps/server/contract/endpoint.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { Age } from "../../kit/age.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { CopyText } from "../../kit/copy.tsx";
import { formatDateTime } from "../../kit/format.ts";
import { Notice, sentence, TroubleState } from "../../kit/states.tsx";

const roles: readonly Role[] = ["viewer", "operator", "admin"];
const lifetimes = [
  ["86400", "1 day"],
  ["2592000", "30 days"],
  ["31536000", "1 year"],
  ["", "until revoked"],
] as const;

export function ApiTokens() {
  const answer = useCall("listTokens", {});
  const [made, setMade] = useState<{ readonly name: string; readonly secret: string } | undefined>(undefined);
  const [leaving, setLeaving] = useState<{ readonly id: string; readonly name: string } | undefined>(undefined);
  const refresh = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ["listTokens"] });
  return (
    <div className="tokens">
      <h3>API tokens</h3>
      <TokenForm
        onMade={(next) => {
          setMade(next);
          void refresh();
        }}
      />
      {made === undefined ? null : (
        <>
          <Notice tone="info">
            The secret of {made.name}, shown once. Use it as GARRISON_TOKEN, or as Authorization: Bearer.
          </Notice>
          <CopyText text={made.secret} />
        </>
      )}
      {answer.error === null ? null : <TroubleState trouble={troubleOf(answer.error)} />}
      {answer.data?.tokens.length === 0 ? (
        <p className="calm">None. The command line on this machine needs none.</p>
      ) : null}
      <ul className="token-list">
        {answer.data?.tokens.map(({ id, name, role, user, lastUsedAt, expiresAt }) => (
          <li key={id}>
            <span>
              <b>{name}</b> ({role}) of {user}, {lastUsedAt === undefined ? "never used" : "last used "}
              {lastUsedAt === undefined ? null : <Age time={lastUsedAt} />},{" "}
              {expiresAt === undefined ? "valid until revoked" : `ends ${formatDateTime(expiresAt)}`}
            </span>
            <button
              type="button"
              className="button"
              aria-label={`Revoke API token ${name}`}
              onClick={() => setLeaving({ id, name })}
            >
              Revoke
            </button>
          </li>
        ))}
      </ul>
      {leaving === undefined ? null : (
        <Confirm
          title={`Revoke the API token ${leaving.name}?`}
          act="Revoke"
          onClose={() => setLeaving(undefined)}
          onConfirm={async () => {
            await call(apiClient, "deleteToken", { params: { id: leaving.id } });
            setMade(undefined);
            await refresh();
          }}
        >
          <p>
            Programs that use it are refused from now on, and console sessions that were opened with it end. This cannot
            be taken back; make a new token instead.
          </p>
        </Confirm>
      )}
    </div>
  );
}

type Made = (made: { readonly name: string; readonly secret: string }) => void;

function TokenForm({ onMade }: { readonly onMade: Made }) {
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const text = (name: string): string => {
      const value = given.get(name);
      return typeof value === "string" ? value : "";
    };
    const role = roles.find((each) => each === text("role")) ?? "viewer";
    const seconds = text("lifetime");
    const body = { name: text("name"), role, ...(seconds === "" ? {} : { expiresInSeconds: Number(seconds) }) };
    setTrouble(undefined);
    const make = async (): Promise<void> => {
      const { secret } = await call(apiClient, "createToken", { body });
      form.reset();
      onMade({ name: body.name, secret });
    };
    make().catch((error: unknown) => setTrouble(troubleOf(error)));
  };
  return (
    <>
      <form onSubmit={submit}>
        <label>
          Name
          <input name="name" required maxLength={100} placeholder="what uses it" autoComplete="off" />
        </label>
        <label>
          Role
          <select name="role" defaultValue="viewer">
            {roles.map((role) => (
              <option key={role}>{role}</option>
            ))}
          </select>
        </label>
        <label>
          Valid for
          <select name="lifetime" defaultValue="2592000">
            {lifetimes.map(([seconds, words]) => (
              <option key={words} value={seconds}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" className="button">
          Make an API token
        </button>
      </form>
      {trouble === undefined ? null : <Notice tone="warning">{sentence(trouble.message)}</Notice>}
    </>
  );
}

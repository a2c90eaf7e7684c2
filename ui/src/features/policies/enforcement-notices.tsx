// What nodes ask a person about enforcement: a refused change that may be confirmed, a change that is about to take itself back, broken glass.
import { useState } from "react";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import { call } from "../../../../src/apps/server/contract/client.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { Confirm } from "../../kit/confirm.tsx";
import { formatDuration } from "../../kit/format.ts";
import { Notice, sentence } from "../../kit/states.tsx";
import { useNow } from "../../kit/use-now.ts";
import { asksOf, type Ask } from "./enforcement-asks.ts";

const refetchMs = 5000;
const asksShownMax = 4;

type Settings = ResponseOf<Api["listResources"]>["resources"][number];

export function EnforcementNotices({ cluster }: { readonly cluster: string }) {
  const answer = useCall("listResources", { params: { kind: "Enforcement" } }, { refetchMs });
  const session = useSession();
  const [chosen, setChosen] = useState<Ask | undefined>(undefined);
  const asks = asksOf(answer.data?.resources ?? [], cluster);
  const mayConfirm = session.data?.role === "admin";
  return (
    <>
      {asks.slice(0, asksShownMax).map((ask) => (
        <Notice
          key={`${ask.node} ${ask.kind}`}
          tone="warning"
          act={
            mayConfirm && ask.kind !== "broken-glass" ? (
              <button type="button" className="button" onClick={() => setChosen(ask)}>
                {ask.kind === "refused" ? "Confirm" : "Keep it"}
              </button>
            ) : null
          }
        >
          <AskText ask={ask} />
        </Notice>
      ))}
      {asks.length > asksShownMax ? (
        <Notice tone="warning">And {asks.length - asksShownMax} more nodes ask.</Notice>
      ) : null}
      {chosen === undefined ? null : (
        <Confirm
          title={chosen.kind === "refused" ? "Confirm a refused change" : "Keep the change"}
          act={chosen.kind === "refused" ? "Confirm" : "Keep it"}
          onConfirm={() => confirm(chosen)}
          onClose={() => setChosen(undefined)}
        >
          <p>
            Change {chosen.digest} on node {chosen.node}, and only that one: another change is judged anew.
          </p>
          {chosen.because === "" ? null : <p>{sentence(chosen.because)}</p>}
        </Confirm>
      )}
    </>
  );
}

function AskText({ ask }: { readonly ask: Ask }) {
  const nowMs = useNow();
  const { node, because } = ask;
  const leftMs = ask.kind === "pending" ? Math.max(0, ask.takenBackAtMs - nowMs) : 0;
  if (ask.kind === "broken-glass")
    return (
      <>
        Node {node} enforces nothing: {because || "the glass is broken"}.
      </>
    );
  if (ask.kind === "refused")
    return (
      <>
        Node {node} refused a change: {because}
      </>
    );
  return (
    <>
      The change on node {node} takes itself back in {formatDuration(leftMs)} unless it is kept.
    </>
  );
}

/** Writes the digest into the settings that the node goes by; lost updates are refused. */
async function confirm({ settings, digest }: Ask): Promise<void> {
  const { kind, scope, name, spec, generation } = settings satisfies Pick<Settings, "spec" | "generation">;
  await call(apiClient, "applyResource", {
    params: { kind, name },
    query: { ifGeneration: generation },
    body: { kind, scope, name, spec: { ...spec, confirm: digest } },
  });
  await queryClient.invalidateQueries();
}

// What a person says of a detection: real, noise or handled. A mark is a resource; suggestions never silence what is real.
import { useState } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { Notice } from "../../kit/states.tsx";
import { markWords, type DetectionCard } from "./detection-words.ts";

type Verdict = keyof typeof markWords;
const verdicts: readonly Verdict[] = ["real", "noise", "handled"];
const titles: Readonly<Record<Verdict, string>> = {
  real: "Hostile: no suggestion may ever silence it",
  noise: "Expected here",
  handled: "Looked at and done with",
};

export function MarkForm({ card }: { readonly card: DetectionCard }) {
  const session = useSession();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const mayNot = session.data?.role === "viewer" ? "Needs the role operator" : undefined;
  const scope = `cluster/${card.cluster}`;
  const choose = (verdict: Verdict): void => {
    setBusy(true);
    setTrouble(undefined);
    const { rule, namespace, workload, id } = card;
    const asked =
      card.mark?.verdict === verdict
        ? call(apiClient, "deleteResource", { params: { kind: "DetectionMark", name: id }, query: { scope } })
        : call(apiClient, "applyResource", {
            params: { kind: "DetectionMark", name: id },
            query: {},
            body: { kind: "DetectionMark", scope, name: id, spec: { verdict, rule, namespace, workload } },
          });
    asked
      .then(() => queryClient.invalidateQueries())
      .catch((error: unknown) => setTrouble(troubleOf(error)))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <div className="mark-form" role="group" aria-label="What do you say?">
        {verdicts.map((verdict) => (
          <button
            key={verdict}
            type="button"
            className="button"
            aria-pressed={card.mark?.verdict === verdict}
            disabled={busy || mayNot !== undefined}
            title={mayNot ?? titles[verdict]}
            onClick={() => choose(verdict)}
          >
            {markWords[verdict]}
          </button>
        ))}
      </div>
      {trouble === undefined ? null : (
        <Notice tone="warning">
          {trouble.message} {trouble.hint}
        </Notice>
      )}
    </>
  );
}

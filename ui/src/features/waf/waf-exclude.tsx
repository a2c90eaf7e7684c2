// "This was no attack": the narrowest exclusion that silences the request, with the proof of what is still caught, before anything is saved.
import { useRef, useState } from "react";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import { call } from "../../../../src/apps/server/contract/client.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { WafEvent } from "../../../../src/model/waf-event.ts";
import { apiClient, queryClient } from "../../api/client.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { Confirm } from "../../kit/confirm.tsx";
import { IconButton } from "../../kit/icon-button.tsx";
import { Loading, Notice, TroubleState } from "../../kit/states.tsx";
import { X } from "lucide-react";
import { proofText, rulesOf } from "./waf-words.ts";

type Proposal = ResponseOf<Api["wafExclude"]>;
type Exclusion = Proposal["exclusions"][number];

interface ExcludePaneProps {
  readonly event: WafEvent;
  readonly onClose: () => void;
}

/** The proposal for a choice; a changed choice takes it away. */
function useProposal(event: WafEvent, chosen: readonly number[], reason: string) {
  const [proposal, setProposal] = useState<Proposal | undefined>(undefined);
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  // What was asked before the choice changed is not shown when it comes.
  const newest = useRef(0);
  const forget = (): void => {
    newest.current += 1;
    setBusy(false);
    setProposal(undefined);
  };
  const propose = (): void => {
    const mine = (newest.current += 1);
    setBusy(true);
    setTrouble(undefined);
    const { cluster, transactionId, time } = event;
    call(apiClient, "wafExclude", { body: { cluster, transactionId, time, ruleIds: [...chosen], reason } })
      .then(
        (answer) => (mine === newest.current ? setProposal(answer) : undefined),
        (error: unknown) => (mine === newest.current ? setTrouble(troubleOf(error)) : undefined),
      )
      .finally(() => (mine === newest.current ? setBusy(false) : undefined));
  };
  return { proposal, trouble, busy, propose, forget };
}

export function ExcludePane({ event, onClose }: ExcludePaneProps) {
  const rules = rulesOf(event);
  const scored = rules.filter(({ score }) => score > 0);
  // A rule that denies by itself gives no points: then all that spoke are offered.
  const scoring = [...new Set((scored.length > 0 ? scored : rules).map(({ ruleId }) => ruleId))];
  const [chosen, setChosen] = useState<readonly number[]>(scoring);
  const [reason, setReason] = useState("");
  const { proposal, trouble, busy, propose, forget } = useProposal(event, chosen, reason);
  return (
    <section className="waf-exclude" aria-label="Exclude">
      <header>
        <h3>This was no attack</h3>
        <IconButton label="Close" onClick={onClose}>
          <X />
        </IconButton>
      </header>
      <fieldset>
        <legend>Rules that fired wrongly</legend>
        {scoring.map((id) => (
          <label key={id}>
            <input
              type="checkbox"
              checked={chosen.includes(id)}
              onChange={({ currentTarget }) => {
                forget();
                setChosen(currentTarget.checked ? [...chosen, id] : chosen.filter((each) => each !== id));
              }}
            />
            <span className="data">{id}</span> {rules.find(({ ruleId }) => ruleId === id)?.message}
          </label>
        ))}
      </fieldset>
      <label className="waf-reason">
        Why (kept with the exclusion)
        <input
          type="text"
          value={reason}
          maxLength={500}
          placeholder="Product reviews hold SQL words"
          onChange={({ currentTarget }) => {
            setReason(currentTarget.value);
            forget();
          }}
        />
      </label>
      <div className="confirm-acts">
        <button
          type="button"
          className="button"
          disabled={chosen.length === 0 || reason.trim().length < 3 || busy}
          title={reason.trim().length < 3 ? "Say why first" : undefined}
          onClick={propose}
        >
          Find the narrowest exclusion
        </button>
      </div>
      {busy ? <Loading label="Trying the attack corpus" rows={4} /> : null}
      {trouble === undefined ? null : <TroubleState trouble={trouble} onRetry={propose} />}
      {proposal === undefined || busy ? null : <ProposalPart proposal={proposal} onSaved={onClose} />}
    </section>
  );
}

/** "942100 in ARGS:comment at /reviews (POST)". */
function exclusionText({ rules, tags, target, path, methods }: Exclusion): string {
  const what = [...rules, ...tags].join(", ");
  return `${what}${target === "" ? "" : ` in ${target}`}${path === "" ? "" : ` at ${path}`}${methods.length === 0 ? "" : ` (${methods.join(", ")})`}`;
}

function ProposalPart({ proposal, onSaved }: { readonly proposal: Proposal; readonly onSaved: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const { policy, proof, exclusions } = proposal;
  const isProved = proof.because === "" && proof.lost.length === 0 && proof.lostOmitted === 0;
  const save = async (): Promise<void> => {
    await call(apiClient, "applyResource", {
      params: { kind: "WafPolicy", name: policy.name },
      query: { ifGeneration: policy.generation },
      body: { kind: "WafPolicy", scope: policy.scope, name: policy.name, spec: proposal.spec },
    });
    await queryClient.invalidateQueries();
    onSaved();
  };
  return (
    <div className="waf-proposal">
      <h4>Proposed for policy {policy.name}</h4>
      <ul aria-label="Exclusions">
        {exclusions.map((exclusion) => (
          <li key={exclusion.id} className="data">
            {exclusionText(exclusion)}
          </li>
        ))}
      </ul>
      <Notice tone={isProved ? "info" : "warning"}>{proofText(proof)}</Notice>
      {proof.corpus === "" ? null : <p className="waf-where">Corpus: {proof.corpus}.</p>}
      {proof.lost.length === 0 ? null : (
        <ul className="waf-lost" aria-label="Attacks that are not caught any more">
          {proof.lost.map(({ name, scoreBefore, scoreAfter }) => (
            <li key={name}>
              {name}: score {scoreBefore} before, {scoreAfter} after
            </li>
          ))}
          {proof.lostOmitted === 0 ? null : <li>and {proof.lostOmitted} more</li>}
        </ul>
      )}
      <div className="confirm-acts">
        <button type="button" className="button" onClick={() => setAsking(true)}>
          Save exclusion
        </button>
      </div>
      {isAsking ? (
        <Confirm title="Save exclusion" act="Save" onConfirm={save} onClose={() => setAsking(false)}>
          <p>
            {exclusions.map(exclusionText).join("; ")} in policy {policy.name} ({policy.scope}). Gateways take it over
            within seconds.
          </p>
          <p>{proofText(proof)}</p>
        </Confirm>
      ) : null}
    </div>
  );
}

// One tier as a column: its policies in order of evaluation, the staged lane, and what happens at its end.
import { CornerDownRight, Ban } from "lucide-react";
import type { PolicyBoard } from "../../../../src/apps/server/contract/policy-shapes.ts";
import { Counts, PolicyCard } from "./policy-card.tsx";

export type BoardTier = PolicyBoard["tiers"][number];

interface TierColumnProps {
  readonly cluster: string;
  readonly tier: BoardTier;
  readonly picked: string | undefined;
  readonly onPick: (id: string) => void;
  /** Cards that the filter hides. */
  readonly hidden: number;
}

export function TierColumn({ cluster, tier, picked, onPick, hidden }: TierColumnProps) {
  const { name, order, cards, staged, defaultAction, end } = tier;
  return (
    <section className="tier" aria-label={`Tier ${name} of ${cluster}`}>
      <header>
        <h3>{name}</h3>
        <span className="count" title="Tiers are asked in this order, the lowest first">
          {order === undefined ? "last" : `order ${order}`}
        </span>
      </header>
      <ol className="tier-cards" aria-label={`Policies of ${name}, in order of evaluation`}>
        {cards.map((card) => (
          <PolicyCard key={card.id} card={card} isPicked={card.id === picked} onPick={onPick} />
        ))}
      </ol>
      {cards.length === 0 && staged.length === 0 ? (
        <p className="tier-empty">{hidden > 0 ? "None that the filter shows." : "No policy yet."}</p>
      ) : null}
      {hidden > 0 ? <p className="tier-hidden">{hidden} hidden by the filter</p> : null}
      {staged.length === 0 ? null : (
        <div className="tier-staged">
          <h4>Staged: judged, not in force</h4>
          <ol className="tier-cards" aria-label={`Staged policies of ${name}`}>
            {staged.map((card) => (
              <PolicyCard key={card.id} card={card} isPicked={card.id === picked} onPick={onPick} />
            ))}
          </ol>
        </div>
      )}
      <footer data-action={defaultAction}>
        {defaultAction === "Deny" ? <Ban aria-hidden="true" /> : <CornerDownRight aria-hidden="true" />}
        <span>{defaultAction === "Deny" ? "No rule matched: denied" : "No rule matched: next tier"}</span>
        {defaultAction === "Deny" ? <Counts card={end} /> : null}
      </footer>
    </section>
  );
}

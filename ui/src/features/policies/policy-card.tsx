// One policy on the board: its name, whom it applies to, what it decided, how far it is enforced. A button that shows its details.
import { ArrowDownToLine, ArrowUpFromLine, TriangleAlert } from "lucide-react";
import type { PolicyCard as Card } from "../../../../src/apps/server/contract/policy-shapes.ts";
import { NotKnown } from "../../kit/fact.tsx";
import { formatCount } from "../../kit/format.ts";
import { PolicyStates } from "./policy-state.tsx";
import { dialectWords, directionText, endpointText, problemText, shownCounts } from "./policy-words.ts";

interface PolicyCardProps {
  readonly card: Card;
  readonly isPicked: boolean;
  readonly onPick: (id: string) => void;
}

export function PolicyCard({ card, isPicked, onPick }: PolicyCardProps) {
  const { errors } = card.problems;
  return (
    <li>
      <button
        type="button"
        className="policy-card"
        aria-pressed={isPicked}
        data-card={card.id}
        data-staged={card.staged === undefined ? undefined : ""}
        onClick={() => onPick(card.id)}
      >
        <span className="policy-card-head">
          <b title={card.name}>{card.name}</b>
          <Directions card={card} />
        </span>
        <span className="policy-card-line">
          <span>{card.namespace === "" ? "whole cluster" : card.namespace}</span>
          <span title={`${dialectWords[card.dialect]} ${card.kind}`}>{card.kind}</span>
        </span>
        <span className="policy-card-line">
          <span>{endpointText(card.endpoints)}</span>
          <Counts card={card} />
        </span>
        <span className="policy-card-foot">
          <PolicyStates enforcement={card.enforcement} />
          {problemText(card.problems) === "" ? null : (
            <span className="policy-state" data-tone={errors > 0 ? "bad" : "warning"} title="Problems of the policy">
              <TriangleAlert aria-hidden="true" />
              {problemText(card.problems)}
            </span>
          )}
        </span>
      </button>
    </li>
  );
}

function Directions({ card: { directions } }: { readonly card: Card }) {
  return (
    <span className="policy-directions" title={`Traffic ${directionText(directions)}`}>
      {directions.includes("ingress") ? <ArrowDownToLine aria-hidden="true" /> : null}
      {directions.includes("egress") ? <ArrowUpFromLine aria-hidden="true" /> : null}
      <span className="read-only">{directionText(directions)}</span>
    </span>
  );
}

export function Counts({ card }: { readonly card: Pick<Card, "counts" | "judged"> }) {
  const { counts, source } = shownCounts(card);
  if (source === "none") return <NotKnown because={counts.because || "nobody looked"} />;
  const title =
    source === "reported"
      ? "Connections, as nodes reported them"
      : "Connections of the recorded flows, judged by these rules";
  // Only the server's own judgement tells it: packets that no rule matched carry the number of the tier's end.
  const unmatched = counts.unmatched ?? card.judged.unmatched ?? 0;
  return (
    <span className="policy-counts" title={counts.because === "" ? title : `${title}; ${counts.because}`}>
      <Count number={counts.allowed} word="allowed" />
      <Count number={counts.denied} word="denied" />
      {unmatched === 0 ? null : (
        <span title="No rule of its tier matched: the tier's end decided">{formatCount(unmatched)} unmatched</span>
      )}
    </span>
  );
}

function Count({ number, word }: { readonly number: number | undefined; readonly word: "allowed" | "denied" }) {
  if (number === undefined) return null;
  return (
    <span data-count={word} data-zero={number === 0 ? "" : undefined}>
      {formatCount(number)} {word}
    </span>
  );
}

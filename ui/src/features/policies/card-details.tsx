// The details of the picked card beside the board: whom it applies to, its counters with their source, what every node makes of it.
import { Link } from "@tanstack/react-router";
import type { PolicyCard, PolicyCounts } from "../../../../src/apps/server/contract/policy-shapes.ts";
import { carried } from "../../app/use-url-state.ts";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { NotKnown } from "../../kit/fact.tsx";
import { field, FieldList } from "../../kit/field-list.tsx";
import { formatCount, formatDateTime } from "../../kit/format.ts";
import { StateWord } from "../../kit/state-word.tsx";
import { stateIcon } from "./policy-state.tsx";
import {
  countsText,
  dialectWords,
  directionText,
  endpointText,
  policyParams,
  problemText,
  stateWords,
  toneOf,
} from "./policy-words.ts";

interface CardDetailsProps {
  readonly cluster: string;
  readonly card: PolicyCard;
  readonly onClose: () => void;
}

export function CardDetails({ cluster, card, onClose }: CardDetailsProps) {
  return (
    <DetailsPane title={card.name} onClose={onClose}>
      <p className="policy-open">
        <Link
          className="button"
          to="/policies/$cluster/$dialect/$kind/$namespace/$name"
          params={policyParams(cluster, card.id)}
          search={carried}
        >
          Open policy
        </Link>
      </p>
      <FieldList
        groups={[
          {
            title: "Policy",
            fields: [
              field("Kind", `${card.kind} (${dialectWords[card.dialect]})`),
              field("Namespace", card.namespace || "whole cluster"),
              field("Tier", card.tier),
              field("Order", card.order === undefined ? "last" : String(card.order), "data"),
              card.staged === undefined ? undefined : field("Staged", `${card.staged}: judged, not in force`),
              field("Applies to", card.selector, "data"),
              field("Endpoints", endpointText(card.endpoints)),
              field("Traffic", directionText(card.directions)),
              field("Rules", `${card.rules.ingress} in, ${card.rules.egress} out`, "data"),
              field("Problems", problemText(card.problems)),
              ...homeFields(card.home),
            ],
          },
          {
            title: "Connections in the window",
            fields: [
              field("Reported", <CountsLine counts={card.counts} />),
              field("Judged today", <CountsLine counts={card.judged} />),
            ],
          },
        ]}
      />
      <Nodes card={card} />
    </DetailsPane>
  );
}

function homeFields(home: PolicyCard["home"]) {
  if (home.kind === "cluster") return [field("Kept in", `cluster ${home.cluster}, read only`)];
  return [
    field("Kept in", `Policy ${home.name}, scope ${home.scope}`),
    field("Generation", `${home.generation}, by ${home.author} at ${formatDateTime(home.time)}`),
  ];
}

function CountsLine({ counts }: { readonly counts: PolicyCounts }) {
  const text = countsText(counts);
  if (text === undefined) return <NotKnown because={counts.because || "nobody looked"} />;
  const unmatched = counts.unmatched === undefined ? "" : `, ${formatCount(counts.unmatched)} by the tier's end`;
  return (
    <>
      {text}
      {unmatched}
      {counts.because === "" ? null : <small> {counts.because}</small>}
    </>
  );
}

function Nodes({ card: { enforcement } }: { readonly card: PolicyCard }) {
  return (
    <section className="fields policy-nodes">
      <h3>Nodes</h3>
      {enforcement.nodes.length === 0 ? <p className="none">No node has told of it.</p> : null}
      <ul>
        {enforcement.nodes.map(({ node, state, because }) => (
          <li key={node}>
            <b>{node}</b>
            <StateWord tone={toneOf(state)} icon={stateIcon(state)} word={stateWords[state]} />
            {because === "" ? null : <p>{because}</p>}
          </li>
        ))}
      </ul>
      {enforcement.omitted === 0 ? null : <p className="none">And {formatCount(enforcement.omitted)} more nodes.</p>}
    </section>
  );
}

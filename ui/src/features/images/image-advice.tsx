// How to build it better: the base and what another one would remove, then what rules say of the image, each with what to do.
import { severities, type OneImage } from "./image-words.ts";
import { sentence } from "../../kit/states.tsx";

type Advice = OneImage["advice"][number];
type Proposal = OneImage["base"]["proposals"][number];

const adviceRank = { error: 0, warning: 1, info: 2, style: 3 } as const;

export function AdvicePart({ image }: { readonly image: OneImage }) {
  const { base } = image;
  const advice = image.advice.toSorted((left, right) => adviceRank[left.severity] - adviceRank[right.severity]);
  return (
    <div className="image-advice" tabIndex={0} role="group" aria-label="Advice">
      <section aria-label="Base image">
        <h3>Base image</h3>
        <p>
          {base.how === "" ? (
            <>Not recognised: {base.because}.</>
          ) : (
            <>
              <b className="data">{base.image}</b>
              {base.layers === 0 ? ". " : `, ${base.layers} ${base.layers === 1 ? "layer" : "layers"} of it. `}
              {sentence(base.because)}
            </>
          )}
        </p>
        <BaseShare image={image} />
        <ul className="advice-list">
          {base.proposals.map((proposal) => (
            <ProposalItem key={`${proposal.kind} ${proposal.image}`} proposal={proposal} />
          ))}
        </ul>
        {base.proposals.length === 0 ? <p className="none">No other base is proposed.</p> : null}
      </section>
      <section aria-label="Rules">
        <h3>Hardening</h3>
        {advice.length === 0 ? <p className="none">No rule has anything to say.</p> : null}
        <ul className="advice-list">
          {advice.map((each) => (
            <AdviceItem key={`${each.rule} ${each.subject} ${each.line}`} advice={each} />
          ))}
        </ul>
      </section>
    </div>
  );
}

/** How many of the findings come with the base: what a rebuild of one's own part cannot mend. */
function BaseShare({ image }: { readonly image: OneImage }) {
  const counted = image.matches.filter(({ suppressed, status }) => suppressed === undefined && status === "affected");
  const inBase = counted.filter((match) => {
    const layer = image.packages[match.package]?.evidence[0]?.layer ?? -1;
    return image.layers[layer]?.isBase === true;
  });
  if (image.base.how === "" || counted.length === 0) return null;
  const worst = severities
    .filter((severity) => inBase.some((match) => match.severity === severity))
    .slice(0, 2)
    .map((severity) => `${inBase.filter((match) => match.severity === severity).length} ${severity}`);
  return (
    <p>
      {inBase.length} of {counted.length} findings come with the base
      {worst.length === 0 ? "" : ` (${worst.join(", ")})`}.
    </p>
  );
}

function ProposalItem({ proposal }: { readonly proposal: Proposal }) {
  const { removes } = proposal;
  return (
    <li data-severity="info">
      <p>
        <b className="data">{proposal.image}</b> <span className="none">{proposal.kind}</span>
      </p>
      <p>{sentence(proposal.because)}</p>
      <p className={removes === undefined ? "none" : "good-text"}>
        {removes === undefined
          ? `What it would remove is not known: ${proposal.removesBecause}.`
          : `Removes ${removes.total} findings, ${removes.critical} critical and ${removes.high} high${proposal.packagesRemoved === undefined ? "" : `, and ${proposal.packagesRemoved} packages`}.`}
      </p>
      {proposal.mindful.map((each) => (
        <p key={each} className="warn-text">
          {sentence(each)}
        </p>
      ))}
    </li>
  );
}

function AdviceItem({ advice }: { readonly advice: Advice }) {
  return (
    <li data-severity={advice.severity} data-accepted={advice.accepted !== undefined}>
      <p>
        <b>{sentence(advice.message)}</b> <span className="none data">{advice.hadolint || advice.rule}</span>
      </p>
      {advice.subject === "" ? null : <p className="data">{advice.subject}</p>}
      <p>{advice.fix}</p>
      {advice.accepted === undefined ? null : (
        <p className="none">
          Accepted by {advice.accepted.owner} until {advice.accepted.expiresAt} ({advice.accepted.name}).
        </p>
      )}
    </li>
  );
}

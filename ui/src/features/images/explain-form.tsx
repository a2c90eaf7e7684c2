// "Why is it not here?": every step from the name to the answer, and what nobody can tell.
import { useState } from "react";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { Loading, sentence, TroubleState } from "../../kit/states.tsx";

const verdictWords = {
  holds: "It holds",
  "upstream-only": "Upstream only",
  suppressed: "Accepted",
  "does-not-hold": "It does not hold",
  unknown: "Nobody can tell",
} as const;

const stepWords = {
  holds: "holds",
  "upstream-only": "upstream only",
  "does-not-hold": "does not hold",
  "not-affected": "not affected",
  "decided-by-distribution": "the distribution decides",
  suppressed: "accepted",
  unknown: "not known",
} as const;

export function ExplainForm({ digest }: { readonly digest: string }) {
  const [text, setText] = useState("");
  const [asked, setAsked] = useState("");
  const answer = useCall("explainMatch", { query: { digest, vulnerability: asked } }, { enabled: asked !== "" });
  return (
    <section className="explain" aria-label="Explain">
      <form
        className="image-choices"
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(text.trim());
        }}
      >
        <input
          type="text"
          aria-label="Vulnerability"
          placeholder="CVE-2024-3094"
          value={text}
          maxLength={256}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
        <button type="submit" className="button" disabled={text.trim() === ""}>
          Explain
        </button>
      </form>
      {asked === "" ? null : answer.data === undefined ? (
        answer.error === null ? (
          <Loading label="Looking" rows={3} />
        ) : (
          <TroubleState trouble={troubleOf(answer.error)} />
        )
      ) : (
        <div className="explain-answer" role="status">
          <p>
            <b>{verdictWords[answer.data.verdict]}.</b> {sentence(answer.data.summary)}
          </p>
          <ol className="image-why">
            {answer.data.steps.map((step) => (
              <li key={`${step.purl} ${step.record} ${step.because}`} data-verdict={step.verdict}>
                <span className="none">{stepWords[step.verdict]}</span> {sentence(step.because)}{" "}
                <span className="data">{step.purl}</span>
              </li>
            ))}
          </ol>
          {answer.data.omitted === 0 ? null : <p className="none">{answer.data.omitted} more steps are left out.</p>}
          {answer.data.gaps.map((gap) => (
            <p key={gap} className="warn-text">
              {sentence(gap)}
            </p>
          ))}
        </div>
      )}
    </section>
  );
}

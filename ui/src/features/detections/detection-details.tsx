// One detection in full: who and what, what was done, evidence in order, process tree with deeds, control, rule, what else happened there.
import { Link } from "@tanstack/react-router";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { useNamedPage } from "../../app/page-name.ts";
import { carried } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { CopyButton } from "../../kit/copy.tsx";
import { field, FieldList } from "../../kit/field-list.tsx";
import { formatDateTime } from "../../kit/format.ts";
import { Loading, Notice, TroubleState } from "../../kit/states.tsx";
import { GapNotices } from "../../kit/gap-notices.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import { DetectionControls } from "./detection-controls.tsx";
import { DetectionLeads } from "./detection-lead-list.tsx";
import { DetectionAction, DetectionMarkWord, DetectionSeverity } from "./detection-marks.tsx";
import { ticketText } from "./detection-ticket.ts";
import { DetectionTree } from "./detection-tree.tsx";
import { EvidenceList } from "./evidence-list.tsx";
import { MarkForm } from "./mark-form.tsx";
import { RuleText } from "./rule-text.tsx";
import { counted, type OneDetection } from "./detection-words.ts";

interface DetectionDetailsProps {
  readonly id: string;
  readonly place: "pane" | "page";
}

export function DetectionDetails({ id, place }: DetectionDetailsProps) {
  const answer = useCall("getDetection", { params: { id } }, { refetchMs: 15_000, keep: true });
  // The frame knows the id only, which tells a person nothing.
  useNamedPage(place === "page" ? answer.data?.detection.rule : undefined);
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading the detection" rows={8} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const found = answer.data;
  return (
    <article className="detection" data-place={place} aria-label={found.detection.title || found.detection.rule}>
      <Head found={found} place={place} />
      <Missing found={found} />
      <div className="detection-parts">
        <div>
          <EvidenceList found={found} />
          <DetectionTree found={found} />
          <Related found={found} />
        </div>
        <div>
          <DetectionControls controls={found.controls} />
          <DetectionLeads found={found} />
          <Techniques found={found} />
          <Facts found={found} />
          <RuleText rule={found.rule} />
          <OutputFields found={found} />
        </div>
      </div>
    </article>
  );
}

function Head({ found, place }: { readonly found: OneDetection; readonly place: "pane" | "page" }) {
  const card = found.detection;
  return (
    <header className="detection-head">
      <p className="detection-badges">
        <DetectionSeverity severity={card.severity} />
        <DetectionAction card={card} />
        <DetectionMarkWord mark={card.mark} />
        {card.count === 1 ? null : <span>{counted(card.count, "time")}</span>}
        <span>
          <Age time={card.lastAt} />
        </span>
      </p>
      <h2>{card.title || card.rule}</h2>
      <p className="detection-message" title={card.message}>
        {card.message}
      </p>
      <p className="detection-where">
        <WorkloadName
          cluster={card.cluster}
          namespace={card.namespace}
          kind={card.workloadKind}
          name={card.workload}
          fallback={card.node}
          reason={card.identityReason}
        />
        {card.process === "" ? null : (
          <span className="data" title={card.executable}>
            {[card.process, ...card.ancestors].join(" ← ")}
          </span>
        )}
      </p>
      {card.receipt === "" ? null : (
        <p className="detection-receipt">
          <b>Receipt</b> <span className="data">{card.receipt}</span>
          {card.policy === "" ? null : <> by policy {card.policy}</>}
        </p>
      )}
      <div className="detection-acts">
        {place === "page" ? null : (
          <Link className="button" to="/detections/$id" params={{ id: card.id }} search={carried}>
            Open
          </Link>
        )}
        <MarkForm card={card} />
        <CopyButton text={ticketText(found)} label="Copy evidence" />
        <CopyButton text={`npx garrison detections show ${card.id}`} label="Copy as command" />
      </div>
    </header>
  );
}

/** What may be missing around it. */
function Missing({ found }: { readonly found: OneDetection }) {
  const { gaps, partial, partialBecause } = found.window;
  return (
    <>
      <GapNotices gaps={gaps} missing="Data is missing around this time" then="The tree and deeds may not be whole." />
      {partial ? <Notice tone="warning">Partial: {partialBecause}.</Notice> : null}
    </>
  );
}

function Techniques({ found: { techniques } }: { readonly found: OneDetection }) {
  return (
    <section className="fields" aria-label="ATT&CK">
      <h3>ATT&amp;CK</h3>
      {techniques.length === 0 ? <p className="none">The rule names no technique.</p> : null}
      <ul className="technique-list">
        {techniques.map(({ id, name, tactics }) => (
          <li key={id}>
            <span className="data">{id}</span>
            <b>{name || "not in Garrison's list"}</b>
            <span>{tactics.join(", ")}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Facts({ found: { detection: card } }: { readonly found: OneDetection }) {
  return (
    <FieldList
      groups={[
        {
          title: "When and where",
          fields: [
            field("First", formatDateTime(card.firstAt), "data"),
            card.firstAt === card.lastAt ? undefined : field("Last", formatDateTime(card.lastAt), "data"),
            field("Times", card.count === 1 ? "" : card.count, "data"),
            field("Program", card.executable, "data"),
            field("Pod", card.pods > 1 ? `${card.pod} and ${card.pods - 1} more` : card.pod, "data"),
            field("Container", card.container),
            field("Image", card.image, "data"),
            field("Node", card.node),
            field("Cluster", card.cluster),
            field("Said by", card.source),
            field("Fidelity", card.fidelity),
            field("Not known, because", card.identityReason),
            field("Id", card.id, "data"),
          ],
        },
      ]}
    />
  );
}

function OutputFields({ found: { events } }: { readonly found: OneDetection }) {
  const [newest] = events;
  if (newest === undefined || newest.outputFields.length === 0) return null;
  const pairs = newest.outputFields.map((text) => {
    const at = text.indexOf("=");
    return at < 0 ? ([text, ""] as const) : ([text.slice(0, at), text.slice(at + 1)] as const);
  });
  return (
    <FieldList
      groups={[{ title: "Fields of the rule", fields: pairs.map(([name, value]) => field(name, value, "data")) }]}
    />
  );
}

function Related({ found: { related, relatedOmitted, detection } }: { readonly found: OneDetection }) {
  return (
    <section className="fields" aria-label="Around it">
      <h3>Within ten minutes on {detection.workload === "" ? "this node" : "this workload"}</h3>
      {related.length === 0 ? <p className="none">No other detection.</p> : null}
      <ul className="detection-related">
        {related.map((card) => (
          <li key={card.id}>
            <DetectionSeverity severity={card.severity} />
            <Link to="/detections/$id" params={{ id: card.id }} search={carried}>
              {card.title || card.rule}
            </Link>
            <Age time={card.lastAt} />
          </li>
        ))}
      </ul>
      {relatedOmitted > 0 ? <p className="none">And {relatedOmitted} more.</p> : null}
    </section>
  );
}

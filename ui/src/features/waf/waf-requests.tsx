// Requests that rules spoke about, newest first; one line each, its rules beside it.
import { Link } from "@tanstack/react-router";
import { mainRule } from "../../../../src/apps/server/contract/waf-words.ts";
import type { AnyEvent } from "../../../../src/apps/server/contract/telemetry.ts";
import type { Trouble } from "../../api/trouble.ts";
import { carried } from "../../app/use-url-state.ts";
import type { Column } from "../../kit/data-grid.tsx";
import { eventTimeColumn } from "../../kit/event-cells.tsx";
import { eventKey } from "../../kit/event-text.ts";
import { formatAddress } from "../../kit/format.ts";
import { listCommand } from "../../kit/list-command.ts";
import { LiveList } from "../../kit/live-list.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import { RequestFacts, SpokenRules } from "./waf-request.tsx";
import { requestParams, verdictWords } from "./waf-words.ts";

type WafRow = Extract<AnyEvent, { kind: "waf" }>;

const columns: readonly Column<AnyEvent>[] = [
  eventTimeColumn,
  waf("verdict", "Verdict", "minmax(148px, 0.8fr)", (event) => (
    <span data-verdict={event.verdict}>{verdictWords[event.verdict]}</span>
  )),
  waf("workload", "Workload", "minmax(130px, 1fr)", (event) => (
    <WorkloadName
      cluster={event.cluster}
      namespace={event.namespace}
      kind={event.workloadKind}
      name={event.workload}
      fallback={event.host}
      reason={event.identityReason}
    />
  )),
  waf("request", "Request", "minmax(180px, 2fr)", (event) => (
    <span className="data" title={`${event.method} ${event.host}${event.path}`}>
      {event.method} {event.path}
    </span>
  )),
  {
    ...waf("rule", "Rule", "minmax(160px, 1.6fr)", (event) => (
      <span title={event.messages.join("\n")}>{event.messages[mainRule(event)] ?? event.because}</span>
    )),
    hideBelowPx: 900,
  },
  { ...waf("score", "Score", "minmax(70px, 0.4fr)", scoreOf), align: "end" },
  {
    ...waf("source", "From", "minmax(130px, 0.9fr)", (event) => (
      <WorkloadName
        cluster={event.cluster}
        namespace={event.clientNamespace}
        kind={event.clientWorkload === "" ? "External" : event.clientKind}
        name={event.clientWorkload}
        fallback={formatAddress(event.clientAddress)}
      />
    )),
    hideBelowPx: 700,
  },
];

function scoreOf(event: WafRow): string {
  return `${event.inboundScore + event.outboundScore}`;
}

/** A column of this list; the list asks for no other kind. */
function waf(id: string, header: string, width: string, cell: (event: WafRow) => React.ReactNode): Column<AnyEvent> {
  return { id, header, width, cell: (event) => (event.kind === "waf" ? cell(event) : "") };
}

/** One function for all renders: the list begins anew with another one. */
function keyOf(event: AnyEvent): string {
  return event.kind === "waf" ? `${event.time} ${event.transactionId}` : eventKey(event);
}

export function RequestList({ onTrouble }: { readonly onTrouble: (trouble: Trouble | undefined) => void }) {
  return (
    <LiveList
      name="events"
      label="Requests, newest first"
      kinds="waf"
      columns={columns}
      keyOf={keyOf}
      extrasOf={(event) => (event.kind === "waf" && event.verdict === "blocked" ? { tone: "deny" } : {})}
      titleOf={(event) => (event.kind === "waf" ? `${verdictWords[event.verdict]}: ${event.method} ${event.path}` : "")}
      details={(event) => (event.kind === "waf" ? <Details event={event} /> : null)}
      command={(url) => listCommand("events", url, "--kinds waf")}
      emptyHint="Requests that match no rule make no event. Send one that does, for instance with ?q=<script>, through a gateway."
      onTrouble={onTrouble}
    />
  );
}

function Details({ event }: { readonly event: WafRow }) {
  return (
    <>
      <div className="details-acts">
        <Link
          className="button"
          to="/waf/requests/$cluster/$time/$transaction"
          params={requestParams(event)}
          search={carried}
        >
          Open the request
        </Link>
      </div>
      <SpokenRules event={event} />
      <RequestFacts event={event} />
    </>
  );
}

// The parts of one request's view: its rules with the matched piece marked in what the variable held, and its facts.
import type { ReactNode } from "react";
import type { WafEvent } from "../../../../src/model/waf-event.ts";
import { field, FieldList } from "../../kit/field-list.tsx";
import { formatBytes, formatDateTime, formatEndpoint, formatMicroseconds } from "../../kit/format.ts";
import { Notice } from "../../kit/states.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import { excerptPieces, rulesOf, verdictWords, type SpokenRule } from "./waf-words.ts";

interface SpokenRulesProps {
  readonly event: WafEvent;
  /** What else is known of a rule: its place and text. */
  readonly more?: (rule: SpokenRule) => ReactNode;
}

export function SpokenRules({ event, more }: SpokenRulesProps) {
  const rules = rulesOf(event);
  return (
    <section aria-label="Rules that spoke">
      {event.notInspected.length === 0 ? null : (
        <Notice tone="warning">Not all was looked at: {event.notInspected.join(", ")}.</Notice>
      )}
      {rules.length === 0 ? (
        <p className="none">No rule spoke: {event.because || "the request went over a limit"}.</p>
      ) : null}
      <ol className="waf-rules">
        {rules.map((rule, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- a rule may speak twice of one request
          <li key={`${rule.ruleId} ${index}`} data-deciding={rule.isDeciding}>
            <header>
              <span className="data">{rule.ruleId}</span>
              <b>{rule.message || "no message"}</b>
              {rule.score === 0 ? null : <span className="waf-points">+{rule.score}</span>}
            </header>
            {rule.variable === "" ? null : (
              <p className="waf-where">
                <span className="data">{rule.variable}</span>
                {rule.severity === "" ? "" : ` · ${rule.severity.toLowerCase()}`} · phase {rule.phase}
                {rule.paranoia === 0 ? "" : ` · paranoia ${rule.paranoia}`}
              </p>
            )}
            <Excerpt rule={rule} />
            {more?.(rule)}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Excerpt({ rule }: { readonly rule: SpokenRule }) {
  const pieces = excerptPieces(rule.excerpt, rule.value);
  if (pieces.length === 0) return rule.value === "" ? null : <pre className="waf-excerpt">{rule.value}</pre>;
  const isMarked = pieces.some(({ isMatched }) => isMatched);
  return (
    <>
      <pre className="waf-excerpt">
        {pieces.map(({ text, isMatched }) =>
          isMatched ? <mark key={`m ${text}`}>{text}</mark> : <span key={`t ${text}`}>{text}</span>,
        )}
      </pre>
      {isMarked || rule.value === "" ? null : (
        <p className="waf-where">
          matched, after transformations: <span className="data">{rule.value}</span>
        </p>
      )}
    </>
  );
}

/** "inbound 8 of 5": the score beside its threshold. */
export function scoreText(event: WafEvent): string {
  const parts = [`inbound ${event.inboundScore} of ${event.inboundThreshold}`];
  if (event.outboundScore > 0) parts.push(`outbound ${event.outboundScore} of ${event.outboundThreshold}`);
  return parts.join(", ");
}

export function RequestFacts({ event }: { readonly event: WafEvent }) {
  return (
    <FieldList
      groups={[
        {
          title: "Verdict",
          fields: [
            field("Verdict", verdictWords[event.verdict]),
            field("Because", event.because),
            field("Score", scoreText(event)),
            field("Mode", event.mode),
            field("Policy", event.policy || "none: the gateway's own settings"),
            field("Status sent", event.status === 0 ? "" : String(event.status)),
            field("Time taken", formatMicroseconds(event.evaluationUs)),
          ],
        },
        {
          title: "Request",
          fields: [
            field("Request", `${event.method} ${event.path}`, "data"),
            field("Host", event.host, "data"),
            field("Size", event.requestBytes === 0 ? "" : formatBytes(event.requestBytes)),
            field("Transaction", event.transactionId, "data"),
            field("Trace", event.traceId, "data"),
            field("Door", event.door),
          ],
        },
        {
          title: "From",
          fields: [
            field(
              "Client",
              <WorkloadName
                cluster={event.cluster}
                namespace={event.clientNamespace}
                kind={event.clientWorkload === "" ? "External" : event.clientKind}
                name={event.clientWorkload}
                fallback="outside of what is known"
                reason={event.clientReason}
              />,
            ),
            field("Address", formatEndpoint(event.clientAddress, event.clientPort), "data"),
            field("Forwarded for", event.forwardedFor === "::" ? "" : formatEndpoint(event.forwardedFor, 0), "data"),
          ],
        },
        {
          title: "When and where",
          fields: [
            field("Time", formatDateTime(event.time), "data"),
            field(
              "Workload",
              <WorkloadName
                cluster={event.cluster}
                namespace={event.namespace}
                kind={event.workloadKind}
                name={event.workload}
                reason={event.identityReason}
              />,
            ),
            field("Service", event.service),
            field("Pod", event.pod, "data"),
            field("Gateway", event.node),
            field("Cluster", event.cluster),
            field("Rule set", event.ruleSet.slice(0, 12), "data"),
          ],
        },
      ]}
    />
  );
}

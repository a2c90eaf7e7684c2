// What needs a person, the most urgent first, each with its evidence; beside it what could not be looked at.
import { CircleAlert, CircleCheck, CircleHelp, Info, OctagonAlert, TriangleAlert, type LucideIcon } from "lucide-react";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { Attention } from "../../../../src/model/graph.ts";
import { Age } from "../../kit/age.tsx";
import { EvidenceLink } from "../../kit/evidence-link.tsx";
import { formatCount, formatDateTime } from "../../kit/format.ts";
import { State } from "../../kit/states.tsx";
import { WorkloadName } from "../../kit/workload-name.tsx";
import { overviewHeadline, type Severity } from "./overview-text.ts";

export type Overview = ResponseOf<Api["overview"]>;

const severities: Readonly<Record<Severity, { readonly icon: LucideIcon; readonly tone: string }>> = {
  critical: { icon: OctagonAlert, tone: "bad" },
  high: { icon: TriangleAlert, tone: "bad" },
  medium: { icon: CircleAlert, tone: "warning" },
  low: { icon: CircleAlert, tone: "muted" },
  info: { icon: Info, tone: "muted" },
};

const abouts: Readonly<Record<Attention["about"], string>> = {
  traffic: "traffic",
  workload: "workload",
  security: "security",
  coverage: "coverage",
  self: "Garrison",
};

export function AttentionCard({ overview }: { readonly overview: Overview }) {
  const { attention, notLooked, window } = overview;
  const isPartial = window.partial || window.gaps.some(({ reason }) => reason !== "merged");
  const { state, text } = overviewHeadline({ attention, notLooked: notLooked.length, isPartial });
  return (
    <section className="card attention" data-state={state} aria-labelledby="attention-title">
      <h2 id="attention-title">{text}</h2>
      {attention.length === 0 ? <Nothing overview={overview} isWhole={state === "ok"} /> : null}
      <ul className="attention-list" aria-label="What needs you">
        {attention.map((each) => (
          <AttentionRow key={each.id} attention={each} />
        ))}
      </ul>
      {notLooked.length === 0 ? null : (
        <section className="not-looked" aria-label="What could not be looked at">
          <h3>Not looked at</h3>
          <ul>
            {notLooked.map(({ about, because }) => (
              <li key={about}>
                <CircleHelp aria-hidden="true" />
                <span>
                  <b>{about}</b>: {because}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </section>
  );
}

function AttentionRow({ attention }: { readonly attention: Attention }) {
  const { severity, about, title, detail, since, count, cluster, namespace, workload } = attention;
  const { icon: Icon, tone } = severities[severity];
  return (
    <li>
      <span className="severity" data-tone={tone}>
        <Icon aria-hidden="true" />
        <b>{severity}</b>
      </span>
      <div className="attention-what">
        <EvidenceLink evidence={attention.link} className="attention-title">
          {title}
        </EvidenceLink>
        <p>{detail}</p>
      </div>
      <div className="attention-where">
        {since === undefined ? null : (
          <span>
            began <Age time={since} />
          </span>
        )}
        <span>
          {workload === "" ? null : (
            <WorkloadName
              cluster={cluster}
              namespace={namespace}
              kind={attention.workloadKind ?? "Unknown"}
              name={workload}
            />
          )}
          {[abouts[about], cluster, count > 1 ? `${formatCount(count)} times` : ""]
            .filter((part) => part !== "")
            .join(" · ")}
        </span>
      </div>
    </li>
  );
}

function Nothing({ overview, isWhole }: { readonly overview: Overview; readonly isWhole: boolean }) {
  const { window, clusters } = overview;
  const names = clusters.map(({ name }) => name).join(", ");
  const span = `${formatDateTime(window.since)} to ${formatDateTime(window.until).slice(11)}`;
  if (!isWhole)
    return (
      <State
        icon={<CircleHelp />}
        title="This is no all-clear"
        hint="What is missing in the window stands above, what could not be looked at below. Nothing was found in the rest."
      />
    );
  return (
    <State
      icon={<CircleCheck />}
      title="All was looked at"
      hint={`Traffic, workloads, detections and coverage from ${span}; clusters: ${clusters.length === 0 ? "none is known" : names}.`}
    />
  );
}

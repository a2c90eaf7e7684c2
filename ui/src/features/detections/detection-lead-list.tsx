// What leads on from a detection, as links.
import { Link } from "@tanstack/react-router";
import { carried } from "../../app/use-url-state.ts";
import { leadsOf, type Lead } from "./detection-leads.ts";
import type { DetectionCard, OneDetection } from "./detection-words.ts";

export function DetectionLeads({ found }: { readonly found: OneDetection }) {
  return (
    <section className="fields" aria-label="Look further">
      <h3>Look further</h3>
      <ul className="detection-leads">
        {leadsOf(found).map((lead) => (
          <li key={`${lead.to} ${lead.title}`}>
            <LeadLink lead={lead} card={found.detection} />
            <span className="none">{lead.note}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function LeadLink({ lead, card }: { readonly lead: Lead; readonly card: DetectionCard }) {
  const { to, title } = lead;
  if (to !== "workload")
    return (
      <Link to={to} search={(before) => ({ ...carried(before), ...lead.search })}>
        {title}
      </Link>
    );
  const { cluster, namespace, workloadKind, workload } = card;
  return (
    <Link
      to="/workloads/$cluster/$namespace/$kind/$name"
      params={{ cluster, namespace, kind: workloadKind, name: workload }}
      search={(before) => ({ ...carried(before), ...lead.search })}
    >
      {title}
    </Link>
  );
}

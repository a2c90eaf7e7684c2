// Detections of the workload in the window, above how its traffic is: how many of each severity, and the way to them.
import { Link } from "@tanstack/react-router";
import { ShieldAlert } from "lucide-react";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { carried } from "../../app/use-url-state.ts";
import { formatCount } from "../../kit/format.ts";
import { severityOrder, severityWords } from "../detections/detection-words.ts";
import { workloadFilter, type WorkloadQuestion } from "./workload-question.ts";
import "../../styles/detections.css";

export function DetectionsLine({ question: { params, query, settings } }: { readonly question: WorkloadQuestion }) {
  const q = workloadFilter(params);
  const answer = useCall("listDetections", { query: { q, ...query, limit: 1 } }, settings);
  if (answer.data === undefined)
    return answer.error === null ? null : (
      <p className="head-detections">Detections are not known: {troubleOf(answer.error).message}</p>
    );
  const { totals, window } = answer.data;
  const found = severityOrder.filter((severity) => totals[severity] > 0);
  if (found.length === 0)
    return window.partial ? <p className="head-detections">Not all detections were looked at.</p> : null;
  return (
    <p className="head-detections" role="group" aria-label="Detections">
      <ShieldAlert aria-hidden="true" />
      <b>Detections</b>
      {found.map((severity) => (
        <Link
          key={severity}
          className="detection-severity"
          data-severity={severity}
          to="/detections"
          search={(before) => ({ ...carried(before), q: `${q} severity:${severity}` })}
        >
          {formatCount(totals[severity])} {severityWords[severity].toLowerCase()}
        </Link>
      ))}
      <Link to="/detections" search={(before) => ({ ...carried(before), q })}>
        All
      </Link>
    </p>
  );
}

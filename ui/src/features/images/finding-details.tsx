// Why one finding holds: record, comparison, ownership; what it would take to fix it; whether it is in use; and the form to accept it.
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useSession } from "../../api/session.ts";
import { carried } from "../../app/use-url-state.ts";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { field, FieldList } from "../../kit/field-list.tsx";
import { formatDateTime } from "../../kit/format.ts";
import { ExceptionForm } from "./exception-form.tsx";
import {
  fixText,
  fixWords,
  loadedWords,
  severityWords,
  statusWords,
  type OneImage,
  type VulnerabilityMatch,
} from "./image-words.ts";

interface FindingDetailsProps {
  readonly match: VulnerabilityMatch;
  readonly image: OneImage;
  readonly onClose: () => void;
}

export function FindingDetails({ match, image, onClose }: FindingDetailsProps) {
  const [isAccepting, setAccepting] = useState(false);
  const session = useSession();
  return (
    <DetailsPane title={<span className="data">{match.vulnerability}</span>} onClose={onClose}>
      {match.title === "" ? null : <p>{match.title}</p>}
      <p className="image-acts">
        <Link to="/vulnerabilities/$id" params={{ id: match.vulnerability }} search={carried}>
          Where else is it?
        </Link>
        {session.data?.role === "viewer" || match.suppressed !== undefined ? null : (
          <button
            type="button"
            className="button"
            aria-expanded={isAccepting}
            onClick={() => setAccepting(!isAccepting)}
          >
            Accept…
          </button>
        )}
      </p>
      {isAccepting ? <ExceptionForm match={match} image={image} onDone={() => setAccepting(false)} /> : null}
      <Because match={match} />
      <FieldList groups={groupsOf(match, image)} />
    </DetailsPane>
  );
}

function Because({ match }: { readonly match: VulnerabilityMatch }) {
  return (
    <section className="fields" aria-label="Why">
      <h3>Why</h3>
      <ol className="image-why">
        {match.because.map((reason) => (
          <li key={`${reason.feed} ${reason.record} ${reason.comparison}`}>
            <p>
              <b className="data">{reason.comparison}</b>
            </p>
            <p className="none">
              {reason.feed} says so in <span className="data">{reason.record}</span> for {reason.ecosystem}{" "}
              <span className="data">{reason.name}</span>
              {reason.nameBecause === "" ? "" : ` (${reason.nameBecause})`}.
            </p>
            {reason.ownership === "" ? null : <p>{reason.ownership}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function groupsOf(match: VulnerabilityMatch, image: OneImage) {
  const found = image.packages[match.package];
  const { suppressed } = match;
  return [
    {
      title: "Accepted",
      fields:
        suppressed === undefined
          ? []
          : [
              field("By", `${suppressed.by} ${suppressed.name}`),
              field("As", suppressed.status.replaceAll("_", " ")),
              field("Why", suppressed.reason || suppressed.justification.replaceAll("_", " ")),
              field("Owner", suppressed.owner),
              field("Ends", suppressed.expiresAt),
            ],
    },
    {
      title: "Fix",
      fields: [
        field("Fixed in", match.fix.versions.length > 0 ? fixText(match) : fixWords[match.fix.state]),
        field("Says", match.fix.because),
      ],
    },
    {
      title: "Package",
      fields: [
        field("Package", `${match.packageName} ${match.version}`, "data"),
        field("Package URL", match.purl, "data"),
        ...(found?.evidence ?? [])
          .slice(0, 5)
          .map(({ path, layer, line }) =>
            field(layer < 0 ? "Found in" : `In layer ${layer + 1}`, line === 0 ? path : `${path}:${line}`, "data"),
          ),
        field("Belongs to", found?.ownedBy, "data"),
        field("Scope", found?.scope === "installed" ? "" : found?.scope),
      ],
    },
    {
      title: "Risk",
      fields: [
        field("Rank", `${match.risk} of 1000`),
        ...match.riskBecause.map((because, index) => field(index === 0 ? "Because" : " ", because)),
        field("Judged", statusWords[match.status]),
        field(
          "Severity",
          `${severityWords[match.severity]}${match.severityFrom === "" ? "" : `, says ${match.severityFrom}`}`,
        ),
        field("CVSS", match.cvss === "" ? "" : `${match.cvssScore} ${match.cvss}`, "data"),
      ],
    },
    useGroup(match),
    { title: "Other names", fields: [field("Aliases", match.aliases.join(", "), "data")] },
  ];
}

function useGroup({ loaded }: VulnerabilityMatch) {
  return {
    title: "In use",
    fields: [
      field("State", loadedWords[loaded?.state ?? "unknown"]),
      field("Because", loaded?.because ?? "nobody looked"),
      field(
        "Seen",
        loaded === undefined || loaded.since === ""
          ? ""
          : `${formatDateTime(loaded.since)} to ${formatDateTime(loaded.until)}`,
      ),
      field(
        "Looked at",
        loaded === undefined || loaded.state === "unknown"
          ? ""
          : `${loaded.containersSeen} of ${loaded.containers} containers`,
      ),
    ],
  };
}

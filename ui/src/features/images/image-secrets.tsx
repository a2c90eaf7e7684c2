// Secrets that lie in layers, cut so that nobody can use them; those that a later layer hides are still in the image.
import { KeyRound } from "lucide-react";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Notice, sentence, State } from "../../kit/states.tsx";
import { severityRank, type OneImage } from "./image-words.ts";
import { SeverityWord } from "./severity.tsx";

type Secret = OneImage["secrets"][number];

const columns: readonly SortedColumn<Secret>[] = [
  {
    id: "title",
    header: "What",
    width: "minmax(160px, 1.2fr)",
    value: (row) => row.title,
    cell: (row) => row.title,
  },
  {
    id: "severity",
    header: "Severity",
    width: "minmax(84px, 0.5fr)",
    value: (row) => severityRank(row.severity),
    cell: (row) => <SeverityWord severity={row.severity} />,
  },
  {
    id: "path",
    header: "Where",
    width: "minmax(200px, 2fr)",
    value: (row) => row.path,
    cell: (row) => (
      <span className="data" title={row.path}>
        {row.path}
        {row.line === 0 ? "" : `:${row.line}`}
      </span>
    ),
  },
  {
    id: "redacted",
    header: "Seen",
    width: "minmax(140px, 1.2fr)",
    value: (row) => row.redacted,
    cell: (row) => <span className="data">{row.redacted}</span>,
  },
  {
    id: "layer",
    header: "Layer",
    align: "end",
    width: "minmax(54px, 0.3fr)",
    value: (row) => row.layer,
    cell: (row) => (row.layer < 0 ? <span className="none">–</span> : row.layer + 1),
  },
  {
    id: "accepted",
    header: "Accepted",
    hideBelowPx: 900,
    width: "minmax(110px, 0.8fr)",
    value: (row) => row.accepted?.owner ?? "",
    cell: (row) =>
      row.accepted === undefined ? (
        <span className="none">no</span>
      ) : (
        <span title={row.accepted.name}>
          by {row.accepted.owner} until {row.accepted.expiresAt.slice(0, 10)}
        </span>
      ),
  },
  {
    id: "hidden",
    header: "Hidden",
    width: "minmax(70px, 0.4fr)",
    value: (row) => (row.isHidden ? 1 : 0),
    cell: (row) =>
      row.isHidden ? (
        <span className="warn-text" title="A later layer removed the file; the layer still holds it">
          yes
        </span>
      ) : (
        <span className="none">no</span>
      ),
  },
];

export function SecretsPart({ image }: { readonly image: OneImage }) {
  if (!image.secretsSearched)
    return (
      <State
        icon={<KeyRound />}
        title="Nobody looked for secrets"
        hint={
          <>
            The analysis was made without the search: scan it again with <code>--secrets</code>.
          </>
        }
      />
    );
  return (
    <>
      {image.secrets.some(({ isHidden }) => isHidden) ? (
        <Notice tone="warning">
          Whoever can pull the image can read hidden ones too: revoke them, then build anew.
        </Notice>
      ) : null}
      {image.secretsLeftOut === "" ? null : <p className="image-line">{sentence(image.secretsLeftOut)}</p>}
      <SortedGrid
        label="Secrets"
        columns={columns}
        rows={image.secrets}
        initial={{ by: "severity", direction: "descending" }}
        onOpen={() => undefined}
        extrasOf={(row) => (row.accepted === undefined ? {} : { tone: "muted" })}
      >
        <State
          icon={<KeyRound />}
          title="No secret was found"
          hint="Text files of every layer were searched by shape; a secret of no known shape is not found."
        />
      </SortedGrid>
    </>
  );
}

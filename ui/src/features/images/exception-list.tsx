// Who accepted what, until when, and what that covers now. An end can be brought forward by removing it; its history stays.
import { FileCheck } from "lucide-react";
import { useState } from "react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf } from "../../api/trouble.ts";
import { useUrlState } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { field, FieldList } from "../../kit/field-list.tsx";
import { formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Loading, State, TroubleState } from "../../kit/states.tsx";
import { exceptionStateWords, scopeText } from "./exception-words.ts";
import type { ExceptionRow } from "./image-words.ts";

const stateRank = { "ends-soon": 3, "in-force": 2, "covers-nothing": 1, expired: 0 } as const;

const columns: readonly SortedColumn<ExceptionRow>[] = [
  {
    id: "vulnerability",
    header: "Accepted",
    width: "minmax(150px, 1fr)",
    value: (row) => row.spec.vulnerability,
    cell: (row) => <span className="data">{row.spec.vulnerability}</span>,
  },
  {
    id: "where",
    header: "Where",
    width: "minmax(160px, 1.4fr)",
    value: (row) => scopeText(row.spec),
    cell: (row) => <span title={scopeText(row.spec)}>{scopeText(row.spec)}</span>,
  },
  {
    id: "reason",
    header: "Why",
    hideBelowPx: 880,
    width: "minmax(160px, 1.6fr)",
    value: (row) => row.spec.reason,
    cell: (row) => <span title={row.spec.reason}>{row.spec.reason}</span>,
  },
  {
    id: "owner",
    header: "Owner",
    width: "minmax(90px, 0.7fr)",
    value: (row) => row.spec.owner,
    cell: (row) => row.spec.owner,
  },
  {
    id: "covers",
    header: "Covers",
    align: "end",
    width: "minmax(64px, 0.4fr)",
    value: (row) => row.covers,
    cell: (row) => (row.covers === 0 ? <span className="none">0</span> : formatCount(row.covers)),
  },
  {
    id: "state",
    header: "State",
    width: "minmax(96px, 0.6fr)",
    value: (row) => stateRank[row.state],
    cell: (row) => (
      <span className="exception-state" data-state={row.state}>
        {exceptionStateWords[row.state]}
      </span>
    ),
  },
  {
    id: "expires",
    header: "Ends",
    width: "minmax(96px, 0.6fr)",
    value: (row) => row.spec.expires,
    cell: (row) => row.spec.expires.slice(0, 10),
  },
];

const keyOf = (row: ExceptionRow): string => `${row.scope} ${row.name}`;

export function ExceptionList() {
  const [state, update] = useUrlState();
  const answer = useCall("listExceptions", {});
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading exceptions" rows={5} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const { rows } = answer.data;
  const picked = rows.find((row) => keyOf(row) === state.pick);
  return (
    <div className="live-panes">
      <SortedGrid
        label="Exceptions"
        columns={columns}
        rows={rows}
        initial={{ by: "state", direction: "descending" }}
        onOpen={(row) => update({ pick: keyOf(row) }, "replace")}
        extrasOf={(row) => (row.state === "expired" ? { tone: "muted" } : {})}
      >
        <State
          icon={<FileCheck />}
          title="Nothing is accepted"
          hint="An exception is written from a finding of an image, or as a resource of kind Exception. It hides nothing: the finding stays, with who accepted it and until when."
        />
      </SortedGrid>
      {picked === undefined ? null : (
        <ExceptionDetails key={keyOf(picked)} row={picked} onClose={() => update({ pick: undefined }, "replace")} />
      )}
    </div>
  );
}

function ExceptionDetails({ row, onClose }: { readonly row: ExceptionRow; readonly onClose: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const session = useSession();
  const { spec } = row;
  const remove = async (): Promise<void> => {
    await call(apiClient, "deleteResource", {
      params: { kind: "Exception", name: row.name },
      query: { scope: row.scope },
    });
    await queryClient.invalidateQueries();
    onClose();
  };
  return (
    <DetailsPane title={spec.vulnerability} onClose={onClose}>
      <FieldList
        groups={[
          {
            title: "Accepted",
            fields: [
              field("Vulnerability", spec.vulnerability, "data"),
              field("Where", scopeText(spec)),
              field("Why", spec.reason),
              field("As", spec.status === "accepted" ? "accepted risk" : spec.status.replaceAll("_", " ")),
              field("Justification", spec.justification?.replaceAll("_", " ")),
            ],
          },
          {
            title: "Who and until when",
            fields: [
              field("Owner", spec.owner),
              field("Ends", spec.expires),
              field("State", exceptionStateWords[row.state]),
              field("Written by", row.author),
              field("Changed", <Age time={row.changedAt} />),
              field("Resource", `${row.scope} ${row.name}`, "data"),
            ],
          },
          {
            title: "Covers now",
            fields: [field("Findings", formatCount(row.covers)), field("Images", formatCount(row.images))],
          },
        ]}
      />
      {session.data?.role === "viewer" ? null : (
        <button type="button" className="button" onClick={() => setAsking(true)}>
          End it now
        </button>
      )}
      {isAsking ? (
        <Confirm
          title={`End the exception for ${spec.vulnerability}?`}
          act="End it"
          onConfirm={remove}
          onClose={() => setAsking(false)}
        >
          <p>
            {row.covers === 1 ? "1 finding counts" : `${formatCount(row.covers)} findings count`} again at once. Its
            history stays, and it can be restored.
          </p>
        </Confirm>
      ) : null}
    </DetailsPane>
  );
}

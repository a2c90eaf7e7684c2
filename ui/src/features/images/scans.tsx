// Scans that the server makes: ask for one, see how far it is. What it may not pull is scanned by the command line and sent.
import { ScanLine } from "lucide-react";
import { useState } from "react";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import { call } from "../../../../src/apps/server/contract/client.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import { apiClient, queryClient, useCall } from "../../api/client.ts";
import { useSession } from "../../api/session.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { Age } from "../../kit/age.tsx";
import { formatBytes } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Loading, Notice, sentence, State, TroubleState } from "../../kit/states.tsx";

type Jobs = ResponseOf<Api["listImageJobs"]>;
type Job = Jobs["jobs"][number];

const refetchMs = 2000;
const stateWords = { waiting: "Waiting", running: "Running", done: "Done", failed: "Failed" } as const;

function progressText({ state, layers, layersDone, bytes }: Job): string {
  if (state === "waiting") return "";
  if (state === "running") return layers === 0 ? "opening" : `layer ${layersDone} of ${layers}, ${formatBytes(bytes)}`;
  return layers === 0 ? "" : `${layers} ${layers === 1 ? "layer" : "layers"}`;
}

const columns: readonly SortedColumn<Job>[] = [
  {
    id: "reference",
    header: "Image",
    width: "minmax(200px, 2fr)",
    value: (row) => row.reference,
    cell: (row) => <span className="data">{row.reference}</span>,
  },
  {
    id: "state",
    header: "State",
    width: "minmax(80px, 0.5fr)",
    value: (row) => row.state,
    cell: (row) => (
      <span className="job-state" data-state={row.state}>
        {stateWords[row.state]}
      </span>
    ),
  },
  {
    id: "because",
    header: "How far, or why not",
    width: "minmax(160px, 2fr)",
    value: (row) => row.because,
    cell: (row) => <span title={row.because}>{row.because || progressText(row)}</span>,
  },
  {
    id: "author",
    header: "Asked by",
    hideBelowPx: 700,
    width: "minmax(80px, 0.6fr)",
    value: (row) => row.author,
    cell: (row) => row.author,
  },
  {
    id: "askedAt",
    header: "Asked",
    width: "minmax(84px, 0.5fr)",
    value: (row) => row.askedAt,
    cell: (row) => <Age time={row.askedAt} />,
  },
];

export function Scans() {
  const answer = useCall("listImageJobs", {}, { keep: true, refetchMs });
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading scans" rows={4} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const { jobs, registries } = answer.data;
  return (
    <>
      <AskForScan registries={registries} />
      <SortedGrid
        label="Scans"
        columns={columns}
        rows={jobs}
        initial={{ by: "askedAt", direction: "descending" }}
        onOpen={() => undefined}
        extrasOf={(row) => (row.state === "failed" ? { tone: "deny" } : {})}
      >
        <State
          icon={<ScanLine />}
          title="The server made no scan yet"
          hint="Images that the command line analysed and sent are in the list of images all the same."
        />
      </SortedGrid>
    </>
  );
}

function AskForScan({ registries }: { readonly registries: readonly string[] }) {
  const [reference, setReference] = useState("");
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const session = useSession();
  if (registries.length === 0)
    return (
      <Notice tone="info">
        The server may pull from no registry. List some (<code>images.registries</code>), or scan where the image is:{" "}
        <code>garrison image scan REF --upload</code>.
      </Notice>
    );
  const ask = async (): Promise<void> => {
    try {
      await call(apiClient, "scanImage", { body: { reference: reference.trim() } });
    } catch (error) {
      setTrouble(troubleOf(error));
      return;
    }
    setReference("");
    setTrouble(undefined);
    await queryClient.invalidateQueries({ queryKey: ["listImageJobs"] });
  };
  return (
    <form
      className="image-choices"
      onSubmit={(event) => {
        event.preventDefault();
        if (reference.trim() !== "") void ask();
      }}
    >
      <input
        type="text"
        aria-label="Image to scan"
        placeholder={`${registries[0] ?? "registry"}/shop/web:1.2`}
        value={reference}
        maxLength={1024}
        onChange={({ currentTarget }) => setReference(currentTarget.value)}
      />
      <button
        type="submit"
        className="button"
        disabled={reference.trim() === "" || session.data?.role === "viewer"}
        title={session.data?.role === "viewer" ? "Operators scan; your role is viewer" : undefined}
      >
        Scan
      </button>
      <span className="none">from {registries.join(", ")}</span>
      {trouble === undefined ? null : (
        <Notice tone="warning">
          {sentence(trouble.message)} {trouble.hint}
        </Notice>
      )}
    </form>
  );
}

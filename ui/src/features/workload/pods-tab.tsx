// The pods of a workload, now and those that ended in the window: state, restarts, how a container ended last, image with digest, node.
import { Container as ContainerIcon } from "lucide-react";
import { useState } from "react";
import type { UseQueryResult } from "@tanstack/react-query";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import { troubleOf } from "../../api/trouble.ts";
import { useKeys } from "../../app/use-keys.ts";
import { Age } from "../../kit/age.tsx";
import { DetailsPane } from "../../kit/details-pane.tsx";
import { shortImage } from "../../kit/format.ts";
import { PodDetails } from "../../kit/pod-details.tsx";
import { isPodWell, podRestarts, podStateText, shortDigest } from "../../kit/pod-text.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Loading, Notice, sentence, State, TroubleState } from "../../kit/states.tsx";
import { PartNotices } from "../../kit/window-notices.tsx";

export type WorkloadObjects = ResponseOf<Api["workloadObjects"]>;
type Row = WorkloadObjects["pods"][number];

function stateOf({ pod, endedAt }: Row): string {
  if (endedAt === undefined) return podStateText(pod);
  return pod.phase === "Succeeded" ? "done, gone" : "gone";
}

function lastEnd({ pod }: Row): string {
  return pod.containers.map(({ lastEndReason }) => lastEndReason).find((reason) => reason !== "") ?? "";
}

/** Images of the containers that serve, each once, with the digest that really runs. */
function imagesOf({ pod }: Row): readonly { readonly image: string; readonly digest: string }[] {
  const main = pod.containers.filter(({ isInit }) => !isInit);
  const known = new Map(
    main.map(({ image, imageDigest }) => [`${image} ${imageDigest}`, { image, digest: imageDigest }]),
  );
  return [...known.values()];
}

const columns: readonly SortedColumn<Row>[] = [
  {
    id: "name",
    header: "Pod",
    width: "minmax(150px, 1.4fr)",
    value: ({ pod }) => pod.name,
    cell: ({ pod }) => (
      <span className="data-text" title={pod.name}>
        {pod.name}
      </span>
    ),
  },
  {
    id: "state",
    header: "State",
    width: "minmax(104px, 0.9fr)",
    value: stateOf,
    cell: (row) => {
      const tone = row.endedAt !== undefined ? "none" : isPodWell(row.pod) ? "outcome-good" : "outcome-bad";
      return <span className={`outcome ${tone}`}>{stateOf(row)}</span>;
    },
  },
  {
    id: "containers",
    header: "Ready",
    width: "60px",
    align: "end",
    cell: ({ pod }) => {
      const main = pod.containers.filter(({ isInit }) => !isInit);
      return `${main.filter(({ ready }) => ready).length} / ${main.length}`;
    },
  },
  {
    id: "restarts",
    header: "Restarts",
    width: "76px",
    align: "end",
    value: ({ pod }) => podRestarts(pod),
    cell: ({ pod }) => <span className={podRestarts(pod) > 0 ? "outcome-warning" : "none"}>{podRestarts(pod)}</span>,
  },
  {
    id: "lastEnd",
    header: "Ended last by",
    width: "minmax(84px, 0.7fr)",
    hideBelowPx: 860,
    value: lastEnd,
    cell: (row) => lastEnd(row) || <span className="none">–</span>,
  },
  {
    id: "image",
    header: "Image",
    width: "minmax(160px, 1.8fr)",
    value: (row) => imagesOf(row)[0]?.image ?? "",
    cell: (row) => {
      const images = imagesOf(row);
      return (
        <span className="data-text" title={images.map(({ image, digest }) => `${image}\n${digest}`).join("\n")}>
          {images.map(({ image, digest }) => `${shortImage(image)} ${shortDigest(digest)}`).join(", ")}
        </span>
      );
    },
  },
  {
    id: "node",
    header: "Node",
    width: "minmax(80px, 0.7fr)",
    value: ({ pod }) => pod.node,
    cell: ({ pod }) => pod.node || <span className="none">not placed</span>,
  },
  {
    id: "started",
    header: "Started",
    width: "116px",
    align: "end",
    hideBelowPx: 760,
    value: ({ pod }) => (pod.startedAt === undefined ? 0 : Date.parse(pod.startedAt)),
    cell: ({ pod }) =>
      pod.startedAt === undefined ? <span className="none">not yet</span> : <Age time={pod.startedAt} />,
  },
  {
    id: "ended",
    header: "Ended",
    width: "116px",
    align: "end",
    hideBelowPx: 980,
    value: ({ endedAt }) => (endedAt === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(endedAt)),
    cell: ({ endedAt }) => (endedAt === undefined ? <span className="none">–</span> : <Age time={endedAt} />),
  },
];

export function PodsTab({ answer }: { readonly answer: UseQueryResult<WorkloadObjects> }) {
  const [openedUid, setOpened] = useState<string | undefined>(undefined);
  useKeys({ Escape: () => setOpened(undefined) });
  const rows = answer.data?.pods ?? [];
  const opened = rows.find(({ pod }) => pod.uid === openedUid);
  const because = answer.data?.because ?? "";
  return (
    <>
      <PartNotices window={answer.data?.window} omitted={answer.data?.omitted ?? 0} />
      {because === "" || rows.length === 0 ? null : (
        <Notice tone="warning">This list may not be whole. {sentence(because)}</Notice>
      )}
      <div className="live-panes">
        <SortedGrid
          label="Pods"
          window={answer.data?.window}
          columns={columns}
          rows={rows}
          initial={{ by: "ended", direction: "descending" }}
          onOpen={({ pod }) => setOpened(pod.uid)}
          extrasOf={({ pod, endedAt }) =>
            endedAt !== undefined ? { tone: "muted" } : isPodWell(pod) ? {} : { tone: "deny" }
          }
        >
          {answer.isPending ? <Loading label="Loading pods" rows={4} /> : null}
          {answer.error === null ? null : (
            <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
          )}
          {answer.data === undefined ? null : (
            <State
              icon={<ContainerIcon />}
              title={because === "" ? "It had no pod in this window" : "Its pods are not known"}
              hint={because === "" ? "Choose a longer time range to see those that ended." : sentence(because)}
            />
          )}
        </SortedGrid>
        {opened === undefined ? null : (
          <DetailsPane title={opened.pod.name} onClose={() => setOpened(undefined)}>
            <PodDetails pod={opened.pod} endedAt={opened.endedAt} />
          </DetailsPane>
        )}
      </div>
    </>
  );
}

// What the workload asked DNS, and what came back.
import { useNavigate } from "@tanstack/react-router";
import { BookOpen } from "lucide-react";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { quoteValue } from "../../app/url-state.ts";
import { carried } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { formatCount, formatMicroseconds } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Loading, State, TroubleState } from "../../kit/states.tsx";
import { PartNotices } from "../../kit/window-notices.tsx";
import type { WorkloadQuestion } from "./workload-question.ts";

type Name = ResponseOf<Api["workloadDns"]>["names"][number];

const columns: readonly SortedColumn<Name>[] = [
  {
    id: "question",
    header: "Name",
    width: "minmax(200px, 2fr)",
    value: ({ question }) => question,
    cell: ({ question }) => (
      <span className="data-text" title={question}>
        {question}
      </span>
    ),
  },
  {
    id: "type",
    header: "Type",
    width: "72px",
    value: ({ questionType }) => questionType,
    cell: ({ questionType }) => questionType,
  },
  {
    id: "count",
    header: "Asked",
    width: "80px",
    align: "end",
    value: ({ count }) => count,
    cell: ({ count }) => formatCount(count),
  },
  {
    id: "failures",
    header: "Failed",
    width: "80px",
    align: "end",
    value: ({ failures }) => failures,
    cell: ({ failures }) => <span className={failures > 0 ? "outcome-bad" : "none"}>{formatCount(failures)}</span>,
  },
  {
    id: "codes",
    header: "Result",
    width: "minmax(100px, 0.8fr)",
    cell: ({ responseCodes }) => responseCodes.join(", "),
  },
  {
    id: "answers",
    header: "Answers",
    width: "minmax(120px, 1.6fr)",
    cell: ({ answers }) => (
      <span className="data-text" title={answers.join("\n")}>
        {answers.join(", ") || <span className="none">none</span>}
      </span>
    ),
  },
  {
    id: "latency",
    header: "Latency",
    width: "84px",
    align: "end",
    value: ({ latencyUsMedian }) => latencyUsMedian,
    cell: ({ latencyUsMedian }) => formatMicroseconds(latencyUsMedian),
  },
  {
    id: "seen",
    header: "Last seen",
    width: "108px",
    align: "end",
    value: ({ lastSeen }) => Date.parse(lastSeen),
    cell: ({ lastSeen }) => <Age time={lastSeen} />,
  },
];

export function DnsTab({ question: { params, query, settings } }: { readonly question: WorkloadQuestion }) {
  const navigate = useNavigate();
  const answer = useCall("workloadDns", { params, query }, settings);
  const open = (name: Name): void => {
    const q = `workload:${quoteValue(params.name)} ${quoteValue(name.question)}`;
    void navigate({ to: "/events", search: (before) => ({ ...carried(before), kinds: "dns", q }) });
  };
  return (
    <>
      <PartNotices window={answer.data?.window} omitted={answer.data?.omitted ?? 0} />
      <SortedGrid
        label="DNS names"
        window={answer.data?.window}
        columns={columns}
        rows={answer.data?.names ?? []}
        initial={{ by: "count", direction: "descending" }}
        onOpen={open}
        extrasOf={({ failures }) => (failures > 0 ? { tone: "deny" } : {})}
      >
        {answer.isPending ? <Loading label="Loading DNS names" /> : null}
        {answer.error === null ? null : (
          <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
        )}
        {answer.data?.names.length === 0 ? (
          <State
            icon={<BookOpen />}
            title="It asked DNS nothing in this window"
            hint="Questions over TLS or HTTPS are not seen; plain DNS is. Choose a longer time range to look further back."
          />
        ) : null}
      </SortedGrid>
    </>
  );
}

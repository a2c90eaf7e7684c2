// One policy: its text with the effect of changes, its rules in words with counters, the endpoints it applies to, what every node makes of it.
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import { useState, type ReactNode } from "react";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { rangeQuery } from "../../app/time-range.ts";
import { rangeOf } from "../../app/url-state.ts";
import { carried, useUrlState } from "../../app/use-url-state.ts";
import { CopyButton } from "../../kit/copy.tsx";
import { Fact, NotKnown } from "../../kit/fact.tsx";
import { formatCount } from "../../kit/format.ts";
import { SortedGrid, type SortedColumn } from "../../kit/sorted-grid.tsx";
import { Loading, Notice, sentence, State, TroubleState } from "../../kit/states.tsx";
import { Tabs } from "../../kit/tabs.tsx";
import { WindowNotices } from "../../kit/window-notices.tsx";
import { Counts } from "./policy-card.tsx";
import { PolicyEditor } from "./policy-editor.tsx";
import { PolicyNodes } from "./policy-nodes.tsx";
import { PolicyStates } from "./policy-state.tsx";
import { countsText, dialectWords, directionText, endpointText, policyId } from "./policy-words.ts";
import "../../styles/policies.css";

const route = getRouteApi("/policies/$cluster/$dialect/$kind/$namespace/$name");
const refetchMs = 10_000;

export type PolicyDetail = ResponseOf<Api["policyDetail"]>;

const tabs = [
  { id: "text", label: "Text and impact" },
  { id: "rules", label: "Rules" },
  { id: "endpoints", label: "Endpoints" },
  { id: "nodes", label: "Nodes" },
] as const;
type TabId = (typeof tabs)[number]["id"];

export function PolicyScreen() {
  const params = route.useParams();
  const [state, update] = useUrlState();
  const navigate = useNavigate();
  const range = rangeOf(state);
  const id = policyId(params);
  const answer = useCall(
    "policyDetail",
    { query: { cluster: params.cluster, id, ...rangeQuery(range) } },
    { keep: true, ...(range.kind === "relative" ? { refetchMs } : {}) },
  );
  if (answer.data === undefined)
    return answer.error === null ? (
      <Loading label="Loading the policy" rows={6} />
    ) : (
      <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />
    );
  const detail = answer.data;
  const tab: TabId = tabs.find((each) => each.id === state.tab)?.id ?? "text";
  const onSaved = (ids: readonly string[]): void => {
    if (!ids.includes(id)) void navigate({ to: "/policies", search: carried });
  };
  const panels: Readonly<Record<TabId, () => ReactNode>> = {
    text: () => <TextTab key={id} cluster={params.cluster} detail={detail} onSaved={onSaved} />,
    rules: () => <RulesTab detail={detail} />,
    endpoints: () => <EndpointsTab detail={detail} cluster={params.cluster} id={id} />,
    nodes: () => <PolicyNodes card={detail.card} />,
  };
  return (
    <div className="screen">
      <PolicyHead cluster={params.cluster} detail={detail} />
      <WindowNotices window={detail.window} error={answer.error} />
      {detail.problems.slice(0, 3).map((problem) => (
        <Notice key={`${problem.code} ${problem.path} ${problem.message}`} tone="warning">
          {problem.path === "" ? "" : `${problem.path}: `}
          {sentence(problem.message)} {problem.hint}
        </Notice>
      ))}
      <Tabs
        label="Parts of the policy"
        tabs={tabs}
        chosen={tab}
        onChoose={(next) => update({ tab: next === "text" ? undefined : next }, "replace")}
      >
        {panels[tab]()}
      </Tabs>
    </div>
  );
}

function PolicyHead({ cluster, detail }: { readonly cluster: string; readonly detail: PolicyDetail }) {
  const { card } = detail;
  return (
    <header className="workload-head">
      <div className="workload-title">
        <ShieldCheck aria-hidden="true" />
        <div>
          <h2>{card.name}</h2>
          <p>
            {card.kind} ({dialectWords[card.dialect]}) in {card.namespace || "the whole cluster"} ·{" "}
            <Link to="/policies" search={(before) => ({ ...carried(before), pick: `${cluster} ${card.id}` })}>
              on the board of {cluster}
            </Link>
          </p>
        </div>
        <span className="spacer" />
        {card.home.kind === "resource" ? (
          <CopyButton
            text={`npx garrison history Policy ${card.home.name} --scope ${card.home.scope}`}
            label="Copy history command"
          />
        ) : null}
      </div>
      <dl className="facts policy-facts">
        <Fact name="Tier">{card.tier}</Fact>
        <Fact name="Order">{card.order ?? "last"}</Fact>
        <Fact name="In force">
          {card.staged === undefined ? <PolicyStates enforcement={card.enforcement} /> : `staged (${card.staged})`}
        </Fact>
        <Fact name="Traffic">{directionText(card.directions)}</Fact>
        <Fact name="Applies to" title={card.selector}>
          {endpointText(card.endpoints)}
        </Fact>
        <Fact name="Connections">
          <Counts card={card} />
        </Fact>
      </dl>
    </header>
  );
}

interface TextTabProps {
  readonly cluster: string;
  readonly detail: PolicyDetail;
  readonly onSaved: (ids: readonly string[]) => void;
}

function TextTab({ cluster, detail: { card, manifest }, onSaved }: TextTabProps) {
  const { home } = card;
  // What somebody else saves meanwhile must not take the typed text away: the text of the opening is kept.
  const [start] = useState(manifest);
  if (home.kind === "cluster")
    return (
      <PolicyEditor
        cluster={cluster}
        scope=""
        start={start}
        readOnlyBecause={`Kept by the cluster itself: change it there (kubectl apply).`}
        onSaved={onSaved}
      />
    );
  return (
    <PolicyEditor
      cluster={cluster}
      scope={home.scope}
      start={start}
      readOnlyBecause=""
      existing={{ id: card.id, name: home.name, generation: home.generation }}
      onSaved={onSaved}
    />
  );
}

function RulesTab({ detail: { card, rules } }: { readonly detail: PolicyDetail }) {
  if (rules.length === 0)
    return (
      <State
        icon={<ShieldCheck />}
        title="No rule"
        hint="Endpoints that it applies to allow nothing in its directions, but for what other policies allow."
      />
    );
  return (
    <ol className="rules">
      {rules.map((rule) => (
        <li key={`${rule.direction} ${rule.index}`}>
          <span className="rule-at">
            {rule.direction === "ingress" ? "in" : "out"} {rule.index === -1 ? "end" : rule.index}
          </span>
          <span className={`rule-action rule-${rule.action.toLowerCase()}`}>{rule.action}</span>
          <span className="rule-words">
            {rule.words}
            {rule.name === "" ? null : <small> {rule.name}</small>}
          </span>
          <span className="rule-counts" title={countsText(rule.counts) === undefined ? rule.counts.because : undefined}>
            <Counts card={rule} />
          </span>
          <Link
            className="rule-flows"
            to="/flows"
            search={(before) => ({ ...carried(before), q: `rule-id:${rule.ruleId}` })}
            title={`Flows that rule ${rule.index} of ${card.name} decided`}
          >
            flows
          </Link>
        </li>
      ))}
    </ol>
  );
}

type EndpointRow = PolicyDetail["endpoints"]["rows"][number];

const endpointColumns: readonly SortedColumn<EndpointRow>[] = [
  {
    id: "namespace",
    header: "Namespace",
    width: "minmax(110px, 1fr)",
    value: (row) => row.namespace,
    cell: (row) => row.namespace,
  },
  {
    id: "name",
    header: "Name",
    width: "minmax(180px, 2fr)",
    value: (row) => row.name,
    cell: (row) => <span className="data">{row.name}</span>,
  },
  {
    id: "workload",
    header: "Workload",
    width: "minmax(140px, 1.4fr)",
    value: (row) => row.workload,
    cell: (row) => row.workload || <NotKnown because="no owner was told" />,
  },
  { id: "node", header: "Node", width: "minmax(110px, 1fr)", value: (row) => row.node, cell: (row) => row.node },
  {
    id: "addresses",
    header: "Addresses",
    width: "minmax(140px, 1.4fr)",
    value: (row) => row.addresses.join(" "),
    cell: (row) => <span className="data">{row.addresses.join(", ")}</span>,
  },
];

interface EndpointsTabProps {
  readonly detail: PolicyDetail;
  readonly cluster: string;
  readonly id: string;
}

function EndpointsTab({ detail: { endpoints, card }, cluster, id }: EndpointsTabProps) {
  const [wanted, setWanted] = useState(endpoints.rows.length);
  const all = useCall(
    "policyDetail",
    { query: { cluster, id, limit: Math.min(1000, wanted) } },
    { keep: true, enabled: wanted > endpoints.rows.length },
  );
  const rows = all.data?.endpoints.rows ?? endpoints.rows;
  return (
    <>
      <div className="list-bar">
        <span className="list-count">
          {formatCount(endpoints.total)} endpoints · <code>{card.selector}</code>
        </span>
        <span className="spacer" />
        {rows.length < endpoints.total && rows.length < 1000 ? (
          <button type="button" className="button" onClick={() => setWanted(1000)}>
            Show {endpoints.total > 1000 ? "1,000" : "all"}
          </button>
        ) : null}
      </div>
      <SortedGrid
        label="Endpoints"
        columns={endpointColumns}
        rows={rows}
        initial={{ by: "namespace", direction: "ascending" }}
        onOpen={() => undefined}
      >
        <State
          icon={<ShieldCheck />}
          title="It applies to nothing"
          hint={`No endpoint matches ${card.selector}. Check labels and namespace.`}
        />
      </SortedGrid>
    </>
  );
}

// A new policy: from a template, or from what the recorded traffic of a namespace or workload needs, with its evidence.
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { rangeLabel, rangeQuery } from "../../app/time-range.ts";
import { rangeOf } from "../../app/url-state.ts";
import { carried, useUrlState } from "../../app/use-url-state.ts";
import { formatCount } from "../../kit/format.ts";
import { Loading, Notice, sentence, State, TroubleState } from "../../kit/states.tsx";
import { ShieldPlus } from "lucide-react";
import { PolicyEditor } from "./policy-editor.tsx";
import "../../styles/policies.css";

const dialects = [
  { id: "kubernetes", label: "Kubernetes NetworkPolicy" },
  { id: "cluster", label: "ClusterNetworkPolicy" },
  { id: "calico", label: "Calico" },
] as const;
type Dialect = (typeof dialects)[number]["id"];

function template(namespace: string): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: allow-web
  namespace: ${namespace}
spec:
  podSelector:
    matchLabels:
      app: db
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: web
      ports:
        - protocol: TCP
          port: 5432
`;
}

interface Wish {
  readonly namespace: string;
  readonly workload: string;
  readonly dialect: Dialect;
  readonly per: "workload" | "namespace";
}

export function NewPolicyScreen() {
  const [state, update] = useUrlState();
  const navigate = useNavigate();
  const clusters = useCall("policyBoard", {}, { keep: true });
  const names = (clusters.data?.boards ?? []).map((board) => board.cluster);
  const cluster = state.cluster ?? names[0] ?? "";
  const [start, setStart] = useState(() => template(state.ns ?? "default"));
  const [wish, setWish] = useState<Wish | undefined>(undefined);
  if (clusters.data === undefined)
    return clusters.error === null ? (
      <Loading label="Loading clusters" rows={4} />
    ) : (
      <TroubleState trouble={troubleOf(clusters.error)} onRetry={() => void clusters.refetch()} />
    );
  if (cluster === "")
    return (
      <State
        icon={<ShieldPlus />}
        title="No cluster yet"
        hint="Policies belong to a cluster. One appears when an agent joins."
      />
    );
  return (
    <div className="screen">
      <header className="board-head policy-new">
        <h2>New policy</h2>
        <label>
          Cluster{" "}
          <select value={cluster} onChange={(event) => update({ cluster: event.currentTarget.value }, "replace")}>
            {[...new Set([cluster, ...names])].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <WishForm namespace={state.ns ?? ""} onWish={setWish} />
      </header>
      {wish === undefined ? null : (
        <Recommended key={JSON.stringify(wish)} cluster={cluster} wish={wish} onTake={setStart} />
      )}
      <PolicyEditor
        key={cluster}
        cluster={cluster}
        scope={`cluster/${cluster}`}
        start={start}
        readOnlyBecause=""
        onSaved={() => void navigate({ to: "/policies", search: carried })}
      />
    </div>
  );
}

function WishForm({ namespace: given, onWish }: { readonly namespace: string; readonly onWish: (wish: Wish) => void }) {
  const [namespace, setNamespace] = useState(given);
  const [workload, setWorkload] = useState("");
  const [dialect, setDialect] = useState<Dialect>("kubernetes");
  const [per, setPer] = useState<Wish["per"]>("workload");
  return (
    <form
      className="wish"
      aria-label="Recommend from recorded traffic"
      onSubmit={(event) => {
        event.preventDefault();
        if (namespace.trim() !== "") onWish({ namespace: namespace.trim(), workload: workload.trim(), dialect, per });
      }}
    >
      <label>
        Namespace{" "}
        <input value={namespace} size={12} required onChange={(event) => setNamespace(event.currentTarget.value)} />
      </label>
      <label>
        Workload{" "}
        <input
          value={workload}
          size={16}
          placeholder="all, or Deployment/web"
          onChange={(event) => setWorkload(event.currentTarget.value)}
        />
      </label>
      <label>
        As{" "}
        <select
          value={dialect}
          onChange={(event) => {
            const chosen = dialects.find(({ id }) => id === event.currentTarget.value);
            if (chosen !== undefined) setDialect(chosen.id);
          }}
        >
          {dialects.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label>
        One per{" "}
        <select
          value={per}
          onChange={(event) => setPer(event.currentTarget.value === "namespace" ? "namespace" : "workload")}
        >
          <option value="workload">workload</option>
          <option value="namespace">namespace</option>
        </select>
      </label>
      <button type="submit" className="button">
        Recommend
      </button>
    </form>
  );
}

interface RecommendedProps {
  readonly cluster: string;
  readonly wish: Wish;
  readonly onTake: (text: string) => void;
}

function Recommended({ cluster, wish, onTake }: RecommendedProps) {
  const [state] = useUrlState();
  const range = rangeOf(state);
  const answer = useCall("policyRecommend", { body: { cluster, ...wish, approve: [], ...rangeQuery(range) } });
  if (answer.error !== null)
    return <TroubleState trouble={troubleOf(answer.error)} onRetry={() => void answer.refetch()} />;
  if (answer.data === undefined) return <Loading label="Reading recorded traffic" rows={2} />;
  const { policies, flows } = answer.data;
  if (policies.length === 0)
    return (
      <Notice tone="info">
        {flows.keys === 0
          ? `No traffic of ${wish.namespace} was recorded in ${rangeLabel(range).toLowerCase()}: nothing can be recommended.`
          : `The recorded traffic of ${wish.namespace} gives no policy. ${answer.data.notes.map(sentence).join(" ")}`}
      </Notice>
    );
  return <RecommendedRules found={answer.data} onTake={onTake} />;
}

interface RecommendedRulesProps {
  readonly found: ResponseOf<Api["policyRecommend"]>;
  readonly onTake: (text: string) => void;
}

function RecommendedRules({ found, onTake }: RecommendedRulesProps) {
  const { policies, held, flows } = found;
  const text = policies.map(({ manifest }) => manifest.replace(/^---\n/, "")).join("---\n");
  const rules = policies.reduce((sum, policy) => sum + policy.rules.length, 0);
  return (
    <details className="recommended">
      <summary>
        {policies.length === 1 ? "1 policy" : `${policies.length} policies`} with {rules} rules from{" "}
        {formatCount(flows.connections)} connections
        {held.length === 0 ? "" : `; ${held.length} rare or scan-like edges are held back`}
        <button
          type="button"
          className="button"
          onClick={(event) => {
            event.preventDefault();
            onTake(text);
          }}
        >
          Put into the editor
        </button>
      </summary>
      <ul>
        {policies.flatMap((policy) =>
          policy.rules.map((rule) => (
            <li key={`${policy.workloads.join()} ${rule.direction} ${rule.words}`}>
              <b>{policy.workloads.map((name) => name.split("/").at(-1)).join(", ")}</b>{" "}
              {rule.direction === "ingress" ? "in" : "out"}: {rule.words}{" "}
              <span className="count">
                {rule.evidence === undefined
                  ? rule.from
                  : `${formatCount(rule.evidence.connections)} connections on ${rule.evidence.days} days`}
                , confidence {Math.round(rule.confidence * 100)} %
              </span>
            </li>
          )),
        )}
        {held.map((edge) => (
          <li key={edge.key} className="none">
            held, {edge.because}: {edge.direction === "ingress" ? "in" : "out"} {edge.words} (
            {formatCount(edge.evidence.connections)} connections)
          </li>
        ))}
      </ul>
    </details>
  );
}

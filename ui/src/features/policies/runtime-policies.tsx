// Runtime policies on the board: what processes of a workload may do, beside what its network may. A card shows its details.
import { useCall } from "../../api/client.ts";
import { troubleOf } from "../../api/trouble.ts";
import { NotKnown } from "../../kit/fact.tsx";
import { formatCount } from "../../kit/format.ts";
import { Notice, sentence } from "../../kit/states.tsx";
import { HeldBaselines, useBaselineResources } from "./held-baselines.tsx";
import { StateMarks } from "./policy-state.tsx";
import { heldBaseline } from "./runtime-hold.ts";
import {
  happenedText,
  holdsRuntimeWords,
  inScope,
  modeWords,
  runtimeForm,
  runtimeMode,
  runtimeNamespace,
  runtimeStates,
  scopeCluster,
  targetText,
  type RuntimeResource,
} from "./runtime-words.ts";

const refetchMs = 5000;

export function useRuntimePolicies() {
  return useCall("listResources", { params: { kind: "RuntimePolicy" } }, { keep: true, refetchMs });
}

/** How the address names one: no cluster has a colon in its name. */
export function runtimePick({ scope, name }: Pick<RuntimeResource, "scope" | "name">): string {
  return `runtime:${scope} ${name}`;
}

const sectionId = "runtime-policies";

/** They stand below the boards of all clusters: brings them into sight, and the keyboard with them. */
export function ToRuntimePolicies({ answer }: Pick<RuntimePoliciesProps, "answer">) {
  if (answer.data === undefined) return null;
  const show = (): void => {
    const section = document.getElementById(sectionId);
    section?.scrollIntoView({ block: "start" });
    section?.focus({ preventScroll: true });
  };
  return (
    <button type="button" className="button" onClick={show}>
      Runtime policies {formatCount(answer.data.resources.length)}
    </button>
  );
}

interface RuntimePoliciesProps {
  readonly answer: ReturnType<typeof useRuntimePolicies>;
  readonly cluster: string | undefined;
  readonly namespace: string | undefined;
  readonly typed: string;
  readonly picked: string | undefined;
  readonly onPick: (pick: string) => void;
}

/** Nothing while the answer is on its way: the board itself says so. */
export function RuntimePolicies({ answer, cluster, namespace, typed, picked, onPick }: RuntimePoliciesProps) {
  const baselines = useBaselineResources();
  if (answer.data === undefined)
    return answer.error === null ? null : (
      <Notice tone="warning">Runtime policies are not known: {sentence(troubleOf(answer.error).message)}</Notice>
    );
  const all = answer.data.resources;
  const held = (baselines.data?.resources ?? [])
    .map(heldBaseline)
    .filter(
      (baseline) =>
        (cluster === undefined || ["", cluster].includes(baseline.cluster)) &&
        (namespace === undefined || baseline.namespace === namespace) &&
        `${baseline.namespace}/${baseline.workload}`.toLowerCase().includes(typed.trim().toLowerCase()),
    );
  const shown = all.filter(
    (policy) =>
      (cluster === undefined || ["", cluster].includes(scopeCluster(policy))) &&
      (namespace === undefined || ["", namespace].includes(runtimeNamespace(policy))) &&
      holdsRuntimeWords(policy, typed.trim()),
  );
  return (
    <section className="board" id={sectionId} tabIndex={-1} aria-label="Runtime policies">
      <div className="board-head">
        <h2>Runtime policies</h2>
        <span className="count">what processes may run, open and talk to; tried as a dry run first</span>
      </div>
      {shown.length > 0 ? (
        <ul className="runtime-cards">
          {shown.map((policy) => (
            <RuntimeCard
              key={runtimePick(policy)}
              policy={policy}
              isPicked={runtimePick(policy) === picked}
              onPick={onPick}
            />
          ))}
        </ul>
      ) : (
        <p className="none">
          {all.length > 0
            ? `None that the choice above shows; ${formatCount(all.length)} in all.`
            : "None yet. A detection suggests one as its control, and docs/guides/runtime-policies.md shows how to write one."}
        </p>
      )}
      {held.length === 0 ? null : (
        <>
          <div className="board-head">
            <h3>Baselines</h3>
            <span className="count">what is frozen holds these workloads, too</span>
          </div>
          <HeldBaselines baselines={held} />
        </>
      )}
    </section>
  );
}

interface RuntimeCardProps {
  readonly policy: RuntimeResource;
  readonly isPicked: boolean;
  readonly onPick: (pick: string) => void;
}

function RuntimeCard({ policy, isPicked, onPick }: RuntimeCardProps) {
  const mode = runtimeMode(policy);
  const happened = happenedText(policy);
  const reasons = policy.status.flatMap(({ node, because }) => (because === "" ? [] : [`${node}: ${because}`]));
  return (
    <li>
      <button
        type="button"
        className="policy-card"
        aria-pressed={isPicked}
        data-staged={mode === "dry-run" ? "" : undefined}
        onClick={() => onPick(runtimePick(policy))}
      >
        <span className="policy-card-head">
          <b title={policy.name}>{policy.name}</b>
          <span className="runtime-mode" data-mode={mode}>
            {modeWords[mode]}
          </span>
        </span>
        <span className="policy-card-line">
          <span title={targetText(policy)}>{targetText(policy)}</span>
          <span>{runtimeForm(policy)}</span>
        </span>
        <span className="policy-card-line">
          <span>{scopeText(inScope(policy))}</span>
          <span title="Over all nodes, since their agents started">
            {happened ?? <NotKnown because="no node has told of it" />}
          </span>
        </span>
        <span className="policy-card-foot">
          <StateMarks counts={runtimeStates(policy)} title={reasons.slice(0, 5).join("\n")} />
        </span>
      </button>
    </li>
  );
}

function scopeText(count: number | undefined): string {
  if (count === undefined) return "scope not known";
  return count === 1 ? "1 workload" : `${formatCount(count)} workloads`;
}

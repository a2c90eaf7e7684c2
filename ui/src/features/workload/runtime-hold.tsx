// What holds the workload's processes: runtime policies whose target it is in, and its baselines.
import { Link } from "@tanstack/react-router";
import { troubleOf } from "../../api/trouble.ts";
import { carried } from "../../app/use-url-state.ts";
import { Loading, Notice, sentence } from "../../kit/states.tsx";
import { HeldBaselines, useBaselineResources } from "../policies/held-baselines.tsx";
import { heldBaseline, holdOf, isBaselineOf, type Hold } from "../policies/runtime-hold.ts";
import { runtimePick, useRuntimePolicies } from "../policies/runtime-policies.tsx";
import { happenedText, modeWords, runtimeMode, targetText } from "../policies/runtime-words.ts";
import type { WorkloadQuestion } from "./workload-question.ts";

const holdWords: Readonly<Record<Hold, string>> = {
  whole: "",
  "in-part": "a part of it",
  perhaps: "if its labels match",
};

export function RuntimeHold({ workload }: { readonly workload: WorkloadQuestion["params"] }) {
  const policies = useRuntimePolicies();
  const baselines = useBaselineResources();
  const error = policies.error ?? baselines.error;
  if (policies.data === undefined || baselines.data === undefined)
    return error === null ? (
      <Loading label="Asking what holds its processes" rows={2} />
    ) : (
      <Notice tone="warning">What holds its processes is not known: {sentence(troubleOf(error).message)}</Notice>
    );
  const holding = policies.data.resources.flatMap((policy) => {
    const hold = holdOf(policy, workload);
    return hold === undefined ? [] : [{ policy, hold }];
  });
  const own = baselines.data.resources.map(heldBaseline).filter((baseline) => isBaselineOf(baseline, workload));
  return (
    <section aria-label="Its processes">
      <h3>Its processes</h3>
      {holding.length === 0 && own.length === 0 ? (
        <p className="none">Nothing holds them: no runtime policy names it, and no baseline of it is frozen.</p>
      ) : null}
      {holding.length === 0 ? null : (
        <ul aria-label="Runtime policies">
          {holding.map(({ policy, hold }) => (
            <li key={runtimePick(policy)}>
              <Link to="/policies" search={(before) => ({ ...carried(before), pick: runtimePick(policy) })}>
                {policy.name}
              </Link>{" "}
              <span className="runtime-mode" data-mode={runtimeMode(policy)}>
                {modeWords[runtimeMode(policy)]}
              </span>{" "}
              <span className="count">
                {[targetText(policy), holdWords[hold], happenedText(policy) ?? ""]
                  .filter((part) => part !== "")
                  .join(" · ")}
              </span>
            </li>
          ))}
        </ul>
      )}
      {own.length === 0 ? null : (
        <>
          <p>Baseline</p>
          <HeldBaselines baselines={own} />
        </>
      )}
    </section>
  );
}

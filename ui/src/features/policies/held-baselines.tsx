// Baselines as what holds processes, each with its step; its name leads to it.
import { Link } from "@tanstack/react-router";
import { useCall } from "../../api/client.ts";
import { carried } from "../../app/use-url-state.ts";
import { baselineParams, imageText, stepHints, stepText } from "../baselines/baseline-words.ts";
import type { HeldBaseline } from "./runtime-hold.ts";
import "../../styles/baselines.css";

const refetchMs = 10_000;

export function useBaselineResources() {
  return useCall("listResources", { params: { kind: "Baseline" } }, { keep: true, refetchMs });
}

export function HeldBaselines({ baselines }: { readonly baselines: readonly HeldBaseline[] }) {
  return (
    <ul className="held-baselines" aria-label="Baselines">
      {baselines.map((baseline) => (
        <li key={JSON.stringify(baseline)}>
          <BaselineLink baseline={baseline} />{" "}
          <span className="baseline-step" data-step={baseline.step} title={stepHints[baseline.step]}>
            {stepText({
              step: baseline.step,
              baseline: { scope: "", name: "", generation: 0, dryRun: baseline.dryRun },
            })}
          </span>{" "}
          <span className="count">{imageText(baseline)}</span>
        </li>
      ))}
    </ul>
  );
}

/** One for all clusters or kinds has no page of its own: the ladder shows whom it holds. */
function BaselineLink({ baseline }: { readonly baseline: HeldBaseline }) {
  const { cluster, namespace, workload, kind, imageDigest } = baseline;
  const name = [namespace, workload].filter((part) => part !== "").join("/");
  if (kind === undefined || cluster === "")
    return (
      <Link to="/baselines" search={(before) => ({ ...carried(before), q: workload })}>
        {name}
      </Link>
    );
  const params = baselineParams({ cluster, namespace, kind, workload, imageDigest });
  return (
    <Link to="/baselines/$cluster/$namespace/$kind/$image/$name" params={params} search={carried}>
      {name}
    </Link>
  );
}

// What cannot be told apart on a node: endpoints behind a shared link, which may pose as each other, and addresses that several endpoints claim.
import type { PolicyEngine } from "../evaluate/engine.ts";
import type { PolicyProblem, SourcePlace } from "../model.ts";
import type { ChainNames } from "./places.ts";
import type { CompileSettings, LocalPlace } from "./settings.ts";

/** Code of a policy's problem: it is enforced, but an endpoint may use another's address. */
export const sourcesShared = "policy/sources-shared";

interface State {
  readonly place: LocalPlace;
  readonly chains: ChainNames;
}

/** Egress policies of an endpoint that others may pose as, because it is known by its address alone. Empty where nobody looked at links. */
export function posablePolicies(
  engine: PolicyEngine,
  { place, chains }: State,
  { sharedLinks }: CompileSettings,
): readonly string[] {
  if (sharedLinks === undefined || place.interfaceName !== "" || chains.egress === "") return [];
  return (engine.classOf(place.endpoint, "egress")?.tiers ?? []).flatMap(({ policies }) => policies);
}

const nowhere: SourcePlace = { file: "", document: 0, line: 0 };

export function placeProblems(
  engine: PolicyEngine,
  given: { readonly posable: ReadonlySet<string>; readonly conflicts: ReadonlySet<string> },
): readonly PolicyProblem[] {
  const posed = engine.set.policies
    .filter(({ id }) => given.posable.has(id))
    .map(({ id, place }): PolicyProblem => ({
      severity: "warning",
      code: sourcesShared,
      message: "sources of its endpoints cannot be told apart: the link that leads to them is shared, or not known",
      hint: "Give each workload a link of its own (routes of /32 and /128, or one veth each).",
      object: id,
      place,
      path: "egress",
    }));
  const claimed = [...given.conflicts].map((conflict): PolicyProblem => {
    const [, ...key] = conflict.split("|");
    return {
      severity: "warning",
      code: "policy/address-conflict",
      message: "several endpoints of this node claim it under different policies: no packet of theirs passes",
      hint: "Look which workload has it by right, and take it from the other.",
      object: key.join(" "),
      place: nowhere,
      path: "",
    };
  });
  return [...posed, ...claimed];
}

// Why a recorded flow was allowed or denied: what its row says, with rule ids as rules, and apart from it what today's policies say.
import type { z } from "zod";
import { generationOf } from "../../../core/policy/evaluate/generation.ts";
import type { PolicyFlow } from "../../../core/policy/world.ts";
import type { WorkloadKind } from "../../../model/identity.ts";
import type { policy } from "../contract/policy.ts";
import { type ClusterPolicies, type PolicyDesk, readPolicies } from "./desk.ts";
import { shownFlow } from "./explain.ts";
import { countingOn } from "./policy-resources.ts";
import { endOf, protocolOf, workloadIdOf } from "./recorded-flows.ts";
import type { RuleBook } from "./rule-book.ts";

type Row = z.infer<(typeof policy)["policyTrace"]["body"]>;
type Trace = z.infer<(typeof policy)["policyTrace"]["response"]>;

export async function traced(desk: PolicyDesk, rules: RuleBook, row: Row): Promise<Trace> {
  const policies = await desk.of(row.cluster);
  const { policies: all } = await desk.resources();
  const [decided, staged] = await Promise.all([
    rules.resolve(policies, row.policies),
    rules.resolve(policies, row.policiesStaged),
  ]);
  // An agent judges by what its node is given, which may be less than what counts somewhere in the cluster.
  const atNode = generationOf(readPolicies(countingOn(row.cluster, row.node, all)).parsed.set);
  const { world } = policies;
  return {
    recorded: {
      verdict: row.verdict,
      because: row.verdictBecause,
      reporter: row.reporter,
      generation: row.policyGeneration,
      rules: decided,
      staged,
    },
    now: { ...nowOf(policies, row), generation: atNode },
    policies: row.policyGeneration === 0 ? "unknown" : row.policyGeneration === atNode ? "same" : "changed",
    world: { endpoints: world.endpoints.length, incomplete: world.incomplete },
  };
}

function nowOf(policies: ClusterPolicies, row: Row): Pick<Trace["now"], "flow" | "explanation" | "because"> {
  const notes: string[] = [];
  const source = endNow(policies, { row, side: "source" }, notes);
  const destination = endNow(policies, { row, side: "destination" }, notes);
  if (source === undefined || destination === undefined) return { because: notes.join("; ") };
  const isIcmp = row.protocol === "icmp";
  const flow: PolicyFlow = {
    source,
    destination,
    protocol: protocolOf(row.protocol, row.destinationAddress),
    sourcePort: row.sourcePort,
    destinationPort: isIcmp ? 0 : row.destinationPort,
    ...(row.destinationDomain === "" ? {} : { domains: [row.destinationDomain] }),
  };
  if (row.protocol === "other") notes.push("its protocol was not kept: the question is asked without one");
  return { flow: shownFlow(flow), explanation: policies.engine.explain(flow), because: notes.join("; ") };
}

interface RowEnd {
  readonly row: Row;
  readonly side: "source" | "destination";
}

/** The end as it is today; what it stands for instead is said in `notes`. */
function endNow({ book }: ClusterPolicies, { row, side }: RowEnd, notes: string[]) {
  const end = {
    kind: row[`${side}Kind`] as WorkloadKind,
    namespace: row[`${side}Namespace`],
    workload: row[`${side}Workload`],
    pod: row[`${side}Pod`],
    address: row[`${side}Address`] === "::" ? "" : row[`${side}Address`],
  };
  const found = endOf(book, end);
  const pod = end.pod === "" ? "" : `${end.namespace}/${end.pod}`;
  if (found.endpoint !== "" && pod !== "" && found.endpoint !== `pod/${pod}`)
    notes.push(`the ${side}'s pod ${pod} is gone: ${found.endpoint.slice(4)} of the same workload is asked for`);
  else if (found.endpoint !== "" && pod === "")
    notes.push(`the ${side}'s pod was not kept: ${found.endpoint.slice(4)} of ${workloadIdOf(end)} is asked for`);
  if (found.endpoint !== "") return found;
  if (found.address === "") {
    notes.push(`of the ${side} neither a pod of today nor an address is known`);
    return undefined;
  }
  if (pod !== "" || workloadIdOf(end) !== "")
    notes.push(
      `the ${side} ${pod || workloadIdOf(end)} is gone: only its address ${found.address} is asked for, who has it now`,
    );
  return found;
}

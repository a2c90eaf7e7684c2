// Truth tables (reachability cases as Cyclonus makes them): each step's namespaces, pods and NetworkPolicies go through parser and engine,
// and each probe's three answers are compared. A probe agrees when all three do.
import { z } from "zod";
import { Fault } from "../../../base/fault.ts";
import type { FlowVerdict } from "../../../model/policy-verdict.ts";
import { createPolicyEngine } from "../evaluate/create-engine.ts";
import type { PolicyEngine } from "../evaluate/engine.ts";
import { parseManifests } from "../parse/parse-policies.ts";
import type { World, WorldEndpoint } from "../world.ts";

export const verifyLimits = {
  /** Disagreements that are told in full; all are counted. */
  firstMax: 20,
  stepsMax: 100_000,
} as const;

const protocols = { TCP: 6, UDP: 17, SCTP: 132 } as const;
const Protocol = z.enum(["TCP", "UDP", "SCTP"]);
const Labels = z.record(z.string(), z.string()).nullish();
const Port = z.int().min(0).max(65_535);

const Pod = z.object({
  ns: z.string(),
  name: z.string(),
  labels: Labels,
  ip: z.string(),
  containers: z.array(z.object({ name: z.string(), port: Port, protocol: Protocol })),
});

const Probe = z.object({
  from: z.string(),
  to: z.string(),
  port: Port,
  portName: z.string().default(""),
  protocol: Protocol,
  ingress: z.boolean(),
  egress: z.boolean(),
  allowed: z.boolean(),
});
export type Probe = z.infer<typeof Probe>;

const Step = z.object({
  namespaces: z.record(z.string(), Labels),
  pods: z.array(Pod),
  policies: z.array(z.looseObject({})),
  probes: z.array(Probe),
});
export type TruthStep = z.infer<typeof Step>;

export const TruthTables = z.array(
  z.object({ description: z.string(), tags: z.array(z.string()).default([]), steps: z.array(Step) }),
);
export type TruthTables = z.infer<typeof TruthTables>;

export interface Disagreement {
  readonly description: string;
  /** 0-based. */
  readonly step: number;
  readonly probe: Probe;
  /** What the engine said. */
  readonly said: FlowVerdict;
}

export interface VerifyReport {
  readonly agreed: number;
  readonly disagreed: number;
  /** At most `verifyLimits.firstMax`. */
  readonly first: readonly Disagreement[];
}

/** Shape as in shared/cases/policy: an array of cases. Fault "policy/bad-truth-table" when it is no such thing. */
export function verifyCases(json: unknown): VerifyReport {
  const first: Disagreement[] = [];
  let agreed = 0;
  let disagreed = 0;
  for (const { description, steps } of parseTruthTables(json)) {
    for (const [step, truth] of steps.entries()) {
      const engine = engineOf(truth);
      for (const probe of truth.probes) {
        const said = askProbe(engine, probe);
        if (agrees(probe, said)) agreed += 1;
        else {
          disagreed += 1;
          if (first.length < verifyLimits.firstMax)
            first.push({ description, step, probe, said: explained(engine, probe) });
        }
      }
    }
  }
  return { agreed, disagreed, first };
}

export function parseTruthTables(json: unknown): TruthTables {
  const parsed = TruthTables.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Fault(`this is no truth table: ${issue?.message ?? "unreadable"}`, {
      code: "policy/bad-truth-table",
      kind: "usage",
      where: issue?.path.join(".") ?? "",
      hint: "an array of cases, each with description and steps of namespaces, pods, policies and probes",
    });
  }
  const steps = parsed.data.reduce((sum, each) => sum + each.steps.length, 0);
  if (steps > verifyLimits.stepsMax)
    throw new Fault(`${steps} steps are more than stepsMax = ${verifyLimits.stepsMax}`, {
      code: "policy/truth-table-limit",
      kind: "too-large",
      hint: "split the file",
    });
  return parsed.data;
}

/** The engine of one step. Policies without apiVersion and kind are taken for networking.k8s.io/v1 NetworkPolicies. */
export function engineOf(step: TruthStep): PolicyEngine {
  const { set } = parseManifests(
    step.policies.map((policy, document) => ({
      manifest: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", ...policy },
      place: { file: "", document, line: 1 },
    })),
  );
  return createPolicyEngine({ set, world: worldOf(step) });
}

export function worldOf({ namespaces, pods }: TruthStep): World {
  return {
    namespaces: Object.entries(namespaces).map(([name, labels]) => ({ name, labels: labels ?? {} })),
    serviceAccounts: [],
    endpoints: pods.map((pod): WorldEndpoint => ({
      id: `pod/${pod.ns}/${pod.name}`,
      kind: "workload",
      namespace: pod.ns,
      name: pod.name,
      labels: pod.labels ?? {},
      serviceAccount: "default",
      addresses: [pod.ip],
      ports: pod.containers.map(({ name, port, protocol }) => ({ name, port, protocol: protocols[protocol] })),
      node: "",
      workload: "",
      interfaceName: "",
    })),
    services: [],
    ranges: [],
    incomplete: "",
  };
}

function flowOf({ from, to, port, protocol }: Probe) {
  return {
    source: { endpoint: `pod/${from}`, address: "" },
    destination: { endpoint: `pod/${to}`, address: "" },
    protocol: protocols[protocol],
    sourcePort: 0,
    destinationPort: port,
  };
}

function askProbe(engine: PolicyEngine, probe: Probe): FlowVerdict {
  return engine.evaluate(flowOf(probe));
}

function explained(engine: PolicyEngine, probe: Probe): FlowVerdict {
  return engine.explain(flowOf(probe), { nearestMax: 0 }).now;
}

function agrees(probe: Probe, { verdict, ingress, egress }: FlowVerdict): boolean {
  return (
    (verdict === "allow") === probe.allowed &&
    (ingress.verdict === "allow") === probe.ingress &&
    (egress.verdict === "allow") === probe.egress
  );
}

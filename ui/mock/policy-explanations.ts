// Why the mock's flows are allowed or denied: walks of the few rules that matter, in the shape that the engine gives.
import type { DirectionVerdict, Explanation, FlowVerdict, RuleRef, TraceStep } from "../../src/model/policy-verdict.ts";
import type { Asked } from "./asked.ts";
import { refuseBySentinel } from "./asked.ts";
import { idOf, type MockPolicy, mockPolicies } from "./policy-world.ts";
import { actorNamed } from "./world.ts";

const world = { endpoints: 26, incomplete: "" };

/** A number that stays the same for a place; no hash of the product's. */
export function ruleRefOf(policy: MockPolicy, direction: "ingress" | "egress", rule: number): RuleRef {
  const place = mockPolicies.indexOf(policy) * 100 + (direction === "egress" ? 50 : 0) + rule + 1;
  const isEnd = rule === -1;
  return {
    tier: policy.tier,
    policy: isEnd ? "" : idOf(policy),
    direction,
    rule,
    ruleName: policy.rules.filter((one) => one.direction === direction)[rule]?.name ?? "",
    ruleId: 1_000_003 * (isEnd ? 7 + policy.tier.length : place),
    staged: policy.staged !== undefined,
  };
}

function policyFor(workload: string): MockPolicy | undefined {
  const specific = mockPolicies.filter(
    ({ applies, tier, staged }) => tier === "default" && staged === undefined && applies.includes(workload),
  );
  return specific.toSorted((one, other) => one.applies.length - other.applies.length)[0];
}

interface Walked {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly toAddress: string;
}

const passed = (direction: "ingress" | "egress", endpoint: string): DirectionVerdict => ({
  direction,
  verdict: "allow",
  because: endpoint === "" ? "this end is no endpoint of ours" : `no policy isolates it for ${direction}`,
  endpoint,
  steps: [],
});

function podOf(name: string): string {
  const actor = actorNamed(name);
  if (actor === undefined) return "";
  return `pod/${actor.namespace}/${actor.kind === "Deployment" ? `${name}-7c9d-0` : `${name}-0`}`;
}

function ingress({ from, to, port }: Walked): DirectionVerdict {
  const policy = policyFor(to);
  if (policy === undefined) return passed("ingress", podOf(to));
  const rules = policy.rules.filter(({ direction }) => direction === "ingress");
  const steps: TraceStep[] = [];
  for (const [index, { words, action }] of rules.entries()) {
    const at = ruleRefOf(policy, "ingress", index);
    const isPort = words.includes(`port ${port}/`);
    const isSource = words.includes("anywhere") || words.includes(`"${from}"`);
    if (isPort && isSource) {
      steps.push({ at, outcome: action === "Allow" ? "allow" : "deny", failed: [], because: `it is ${words}` });
      const verdict = action === "Allow" ? "allow" : "deny";
      return {
        direction: "ingress",
        verdict,
        because: `${policy.namespace}/${policy.name} rule ${index}`,
        endpoint: podOf(to),
        decidedBy: at,
        steps,
      };
    }
    const failed = [...(isSource ? [] : ["source.selector"]), ...(isPort ? [] : ["destination.ports"])];
    steps.push({
      at,
      outcome: "no-match",
      failed,
      because: isSource ? `the port is ${port}` : `${from} is not selected`,
    });
  }
  const end = ruleRefOf(policy, "ingress", -1);
  steps.push({ at: end, outcome: "end-of-tier", failed: [], because: "no rule matched and the tier ends in Deny" });
  return {
    direction: "ingress",
    verdict: "deny",
    because: "the end of the tier default: no rule matched",
    endpoint: podOf(to),
    decidedBy: end,
    steps,
  };
}

function egress({ from, toAddress }: Walked): DirectionVerdict {
  const policy = mockPolicies.find(({ name }) => name === "no-metadata-service");
  if (policy === undefined || !policy.applies.includes(from)) return passed("egress", podOf(from));
  const at = ruleRefOf(policy, "egress", 0);
  const step: TraceStep = {
    at,
    outcome: "no-match",
    failed: ["destination.nets"],
    because: `${toAddress} is not 169.254.169.254`,
  };
  const end: TraceStep = {
    at: ruleRefOf(policy, "egress", -1),
    outcome: "pass",
    failed: [],
    because: "the tier ends in Pass",
  };
  return { ...passed("egress", podOf(from)), because: "no policy denies it", steps: [step, end] };
}

function verdictOf(walked: Walked): FlowVerdict {
  const out = egress(walked);
  const into = ingress(walked);
  return {
    verdict: into.verdict,
    because: into.verdict === "deny" ? into.because : "both directions allow it",
    egress: out,
    ingress: into,
  };
}

function explain(walked: Walked): Explanation {
  const now = verdictOf(walked);
  const policy = policyFor(walked.to);
  if (now.verdict !== "deny" || policy === undefined) return { now, nearest: [] };
  const near = ruleRefOf(policy, "ingress", 0);
  const change =
    policy.rules.length === 0
      ? `a new policy that lets ${walked.from} reach ${walked.to} on port ${walked.port}/TCP`
      : `add app == "${walked.from}" to the sources of rule 0 of ${policy.namespace}/${policy.name}`;
  const manifest = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: allow-${walked.from}-to-${walked.to}
  namespace: ${policy.namespace}
spec:
  podSelector:
    matchLabels:
      app: ${walked.to}
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: ${walked.from}
      ports:
        - port: ${walked.port}
`;
  const at = policy.rules.length === 0 ? {} : { at: near };
  return { now, nearest: [{ direction: "ingress", ...at, failed: ["source.selector"], change, manifest }] };
}

function flowOf(walked: Walked) {
  const end = (name: string, address: string) => ({
    endpoint: podOf(name),
    address: podOf(name) === "" ? address : "",
  });
  return {
    source: end(walked.from, "10.42.9.9"),
    destination: end(walked.to, walked.toAddress),
    protocol: 6,
    sourcePort: 0,
    destinationPort: walked.port,
  };
}

interface End {
  readonly endpoint?: string;
  readonly workload?: string;
  readonly address?: string;
}

/** "shop/Deployment/web", "pod/shop/web-7c9d-0" -> web. */
function nameIn({ endpoint = "", workload = "" }: End): string {
  return (
    (workload || endpoint)
      .split("/")
      .at(-1)
      ?.replace(/(-7c9d)?-\d+$/, "") ?? ""
  );
}

function question(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  const { source, destination, port } = asked.body as { source: End; destination: End; port?: number };
  const toAddress = destination.address ?? "192.0.2.77";
  const walked = { from: nameIn(source), to: nameIn(destination), port: port ?? 0, toAddress };
  return { flow: flowOf(walked), explanation: explain(walked), world };
}

interface Row {
  readonly verdict: string;
  readonly verdictBecause?: string;
  readonly reporter: "source" | "destination";
  readonly sourceWorkload?: string;
  readonly destinationWorkload?: string;
  readonly destinationAddress?: string;
  readonly destinationPort?: number;
}

function row(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  const { verdict, verdictBecause = "", reporter, ...given } = asked.body as Row;
  const walked = {
    from: given.sourceWorkload ?? "",
    to: given.destinationWorkload ?? "",
    port: given.destinationPort ?? 0,
    toAddress: given.destinationAddress ?? "",
  };
  const policy = policyFor(walked.to);
  const isJudged = verdict === "deny" && policy !== undefined;
  const decided = isJudged
    ? [
        {
          ruleId: ruleRefOf(policy, "ingress", -1).ruleId,
          rule: ruleRefOf(policy, "ingress", -1),
          known: "now",
          because: "",
        },
        { ruleId: 77, known: "unknown", because: "no policy of now, and none that is kept, has this rule" },
      ]
    : [];
  const isGone = walked.from === "" && walked.to === "";
  return {
    recorded: {
      verdict,
      because: verdictBecause,
      reporter,
      generation: isJudged ? 2_718_281 : 0,
      rules: decided,
      staged: [],
    },
    now: isGone
      ? { generation: 2_718_281, because: "of the source neither a pod of today nor an address is known" }
      : {
          flow: flowOf(walked),
          explanation: explain(walked),
          generation: 2_718_281,
          because: walked.from === "" ? "the source is gone: only its address is asked for, who has it now" : "",
        },
    policies: isJudged ? "same" : "unknown",
    world,
  };
}

export const explanationFor = { question, row };

// From a question to verdicts: both directions, each end's subjects, what is allowed ahead of all policies.
import type {
  DirectionVerdict,
  FlowVerdict,
  PolicyVerdict,
  RuleRef,
  TraceStep,
} from "../../../model/policy-verdict.ts";
import type { Enforcement } from "../../../model/enforcement.ts";
import { inRange, parsePrefix, type AddressRange } from "../../../base/ip.ts";
import type { Direction } from "../model.ts";
import type { Lane } from "./engine.ts";
import type { Path } from "./programs.ts";
import type { End, Question } from "./question.ts";
import type { Row } from "./rows.ts";
import { failsafeRule } from "./rule-ids.ts";
import type { Decision } from "./rules.ts";
import { walk, type Recorder } from "./walk.ts";
import type { WorldIndex } from "./world-index.ts";

export type FailsafeLists = Enforcement["failsafe"];

export const judgeLimits = {
  /** Steps of one direction that an explanation holds. */
  stepsMax: 5000,
} as const;

interface ReadyFailsafe {
  readonly protocol: number;
  readonly port: number;
  /** Undefined: any address. */
  readonly net: AddressRange | undefined;
}

export interface Judge {
  direction(direction: Direction, question: Question, options: JudgeOptions): DirectionVerdict;
  flow(question: Question, options: JudgeOptions): FlowVerdict;
}

export interface JudgeOptions {
  readonly lane: Lane;
  /** Fills `steps`. */
  readonly isRecorded: boolean;
}

const noSteps: TraceStep[] = [];

export function createJudge(state: WorldIndex, failsafe: FailsafeLists): Judge {
  const ahead = createAhead(state, failsafe);

  const decide = (direction: Direction, question: Question, row: Row, asked: Asked): Decision => {
    const early = row.kind === "workload" && question.source.node === "" ? undefined : ahead(direction, question, row);
    if (early !== undefined) {
      if (early.by !== undefined)
        asked.record?.({ at: early.by, outcome: "failsafe", failed: [], because: early.because });
      return early;
    }
    if (row.group === undefined) return nothingApplies;
    return walk(state.maker.programOf(row.group, direction, asked), question, asked.record);
  };

  /** For the next question about a pod's own packets: nothing comes ahead of its policies then. */
  const remember = (own: End, row: Row, direction: Direction) => {
    if (row.end !== own || row.kind !== "workload" || row.group === undefined) return;
    own[direction] = state.maker.programOf(row.group, direction, plainly);
  };

  const direction: Judge["direction"] = (direction, question, { lane, isRecorded }) => {
    const own = direction === "ingress" ? question.destination : question.source;
    const path: Path = question.isForwarded ? "forwarded" : "local";
    if (own.sole !== undefined && own.unknown === "" && !isRecorded) {
      const id = own.soleId;
      const isPlain = lane === "enforced" && path === "local" && question.source.node === "";
      const known = isPlain ? (direction === "egress" ? own.egress : own.ingress) : undefined;
      if (known !== undefined) return verdictOf(direction, id, walk(known, question), noSteps);
      const decision = decide(direction, question, own.sole, { lane, path, record: undefined });
      if (isPlain) remember(own, own.sole, direction);
      return verdictOf(direction, id, decision, noSteps);
    }
    if (own.unknown !== "")
      return { direction, verdict: "unknown", because: own.unknown, endpoint: own.soleId, steps: noSteps };
    const steps: TraceStep[] = [];
    const record: Recorder | undefined = isRecorded ? (step) => recordStep(steps, step) : undefined;
    const found = own.subjects.map((rows) =>
      agreed(rows.map((row) => ({ row, decision: decide(direction, question, row, { lane, path, record }) }))),
    );
    const worst =
      found.find((each) => each.decision.verdict === "deny") ??
      found.find((each) => each.decision.verdict === "unknown") ??
      found.at(-1);
    if (worst === undefined) return verdictOf(direction, "", noEndpoint(own), steps);
    return verdictOf(direction, worst.row.id, worst.decision, steps);
  };

  return {
    direction,
    flow(question, options) {
      const egress = direction("egress", question, options);
      const ingress = direction("ingress", question, options);
      const worst =
        egress.verdict === "deny"
          ? egress
          : ingress.verdict === "deny"
            ? ingress
            : egress.verdict === "unknown"
              ? egress
              : ingress;
      const verdict: PolicyVerdict = worst.verdict;
      const because = verdict === "allow" ? "both directions allow it" : `${worst.direction}: ${worst.because}`;
      return { verdict, because, egress, ingress };
    },
  };
}

type Ahead = (direction: Direction, question: Question, row: Row) => Decision | undefined;

/** What is allowed whatever policies say; undefined: policies are asked. */
function createAhead(state: WorldIndex, failsafe: FailsafeLists): Ahead {
  const lists = { ingress: failsafe.inbound.map(readyOf), egress: failsafe.outbound.map(readyOf) };
  const failsafeRef = (direction: Direction): RuleRef =>
    state.ids.refOf({ tier: "", policy: "", direction, rule: failsafeRule });

  return (direction, question, row) => {
    const { source, destination } = question;
    const pod = source.node === "" ? undefined : destination.sole;
    if (pod?.kind === "workload" && pod.node === source.node)
      return { verdict: "allow", because: "a node always reaches its own pods", by: failsafeRef(direction) };
    if ((row.kind !== "hostEndpoint" && row.kind !== "node") || question.isForwarded) return undefined;
    const peer = direction === "ingress" ? source : destination;
    const isSafe = lists[direction].some(
      ({ protocol, port, net }) =>
        protocol === question.protocol &&
        port === question.destinationPort &&
        (net === undefined || (peer.address !== undefined && inRange(peer.address, net))),
    );
    if (!isSafe) return undefined;
    const because = `port ${question.destinationPort} is a failsafe of host endpoints`;
    return { verdict: "allow", because, by: failsafeRef(direction) };
  };
}

/** Beyond the limit only the last step, which decides, is kept in place of the one before it. */
function recordStep(steps: TraceStep[], step: TraceStep): void {
  if (steps.length >= judgeLimits.stepsMax) steps.pop();
  steps.push(step);
}

interface Asked {
  readonly lane: Lane;
  readonly path: Path;
  readonly record: Recorder | undefined;
}

const plainly = { lane: "enforced", path: "local" } as const;
const nothingApplies: Decision = { verdict: "allow", because: "no policy applies", by: undefined };
const outsider: Decision = { verdict: "allow", because: "it is no endpoint of the cluster", by: undefined };
const unpoliced: Decision = { verdict: "allow", because: "policies do not apply to it", by: undefined };

function noEndpoint(own: End): Decision {
  return own.isInside ? unpoliced : outsider;
}

function verdictOf(
  direction: Direction,
  endpoint: string,
  { verdict, because, by }: Decision,
  steps: TraceStep[],
): DirectionVerdict {
  return by === undefined
    ? { direction, verdict, because, endpoint, steps }
    : { direction, verdict, because, endpoint, decidedBy: by, steps };
}

interface Found {
  readonly row: Row;
  readonly decision: Decision;
}

/** One of these rows is the real one: what all say is so, else it is not known. */
function agreed(found: readonly Found[]): Found {
  const first = found[0] as Found;
  if (found.every(({ decision }) => decision.verdict === first.decision.verdict)) return first;
  const names = found.slice(0, 3).map(({ row }) => row.id);
  const because = `several have this address (${names.join(", ")}), and policies judge them differently`;
  return { row: first.row, decision: { verdict: "unknown", because, by: undefined } };
}

function readyOf({ protocol, port, net }: FailsafeLists["inbound"][number]): ReadyFailsafe {
  return { protocol: protocol === "tcp" ? 6 : 17, port, net: net === "" ? undefined : parsePrefix(net) };
}

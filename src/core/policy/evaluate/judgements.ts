// Verdicts without the walk's detail, remembered by what policies can tell apart: what previews ask millions of times.
import type { PolicyFlow } from "../world.ts";
import type { Judgement, Lane } from "./engine.ts";
import { createIdentities, type Identities } from "./identities.ts";
import { createPairMemory } from "./memory.ts";
import type { Question } from "./question.ts";
import type { Judge } from "./verdicts.ts";
import type { WorldIndex } from "./world-index.ts";

export interface Judgements {
  judge(flow: PolicyFlow, lane: Lane): Judgement;
  /** World or policies changed. */
  forget(): void;
}

export function createJudgements(state: WorldIndex, judge: Judge): Judgements {
  const memories = { enforced: createPairMemory<Judgement>(), staged: createPairMemory<Judgement>() };
  let identities: Identities | undefined;
  let looks: Looks | undefined;
  const ask = (question: Question, lane: Lane): Judgement => {
    const { verdict, because, egress, ingress } = judge.flow(question, { lane, isRecorded: false });
    return { verdict, because, egress: egress.decidedBy, ingress: ingress.decidedBy };
  };
  return {
    judge(flow, lane) {
      const question = state.ends.question(flow);
      looks ??= looksOf(state);
      if (isAlone(flow, looks)) return ask(question, lane);
      identities ??= createIdentities(state);
      const source = identities.of(question.source);
      const destination = identities.of(question.destination);
      if (source === 0 || destination === 0) return ask(question, lane);
      const memory = memories[lane];
      const service = ((question.protocol & 255) << 16) | (question.destinationPort & 65_535);
      const known = memory.get(source, destination, service);
      if (known !== undefined) return known;
      const made = ask(question, lane);
      memory.set(source, destination, service, made);
      return made;
    },
    forget() {
      identities = undefined;
      looks = undefined;
      memories.enforced.clear();
      memories.staged.clear();
    },
  };
}

/** Which parts of a flow beyond ends, protocol and port some rule looks at. */
interface Looks {
  readonly atSourcePort: boolean;
  readonly atNames: boolean;
}

function looksOf({ set }: WorldIndex): Looks {
  const rules = [...set.policies, ...set.profiles].flatMap(({ ingress, egress }) => [...ingress, ...egress]);
  return {
    atSourcePort: rules.some(({ source }) => source.ports !== undefined || source.notPorts !== undefined),
    atNames:
      rules.some(({ destination }) => destination.domains !== undefined) ||
      set.networkSets.some(({ domains }) => domains.length > 0),
  };
}

function isAlone(flow: PolicyFlow, looks: Looks): boolean {
  return (
    flow.icmp !== undefined ||
    flow.http !== undefined ||
    flow.isForwarded === true ||
    looks.atSourcePort ||
    (looks.atNames && flow.domains !== undefined)
  );
}

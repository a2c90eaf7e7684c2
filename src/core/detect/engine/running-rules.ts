// Rules with their memories, ready for an index: each rule gives one entry for each of its conditions, and says when it fires.
import type { DetectEvent } from "../event.ts";
import { createAbsence } from "../stateful/absence.ts";
import { createFirstSeen } from "../stateful/first-seen.ts";
import { createSequence } from "../stateful/sequence.ts";
import type { Memory, Room } from "../stateful/state.ts";
import { createThreshold } from "../stateful/threshold.ts";
import type { RuleProgram } from "./program.ts";
import { join, negate, resolve, type Interner, type Node } from "./resolve.ts";

/** Events that a rule fired on, oldest first; the last one is what it is told by. */
export interface Firing {
  readonly events: readonly DetectEvent[];
  readonly steps: readonly string[];
  readonly count: number;
}

export interface RunningRule {
  readonly program: RuleProgram;
  readonly memory: Memory | undefined;
  readonly entries: readonly { readonly node: Node; readonly hit: (event: DetectEvent) => void }[];
}

/** `fire` is called while events are judged or time passes. */
export function startRule(program: RuleProgram, room: Room, fire: (firing: Firing) => void): RunningRule {
  const one = (event: DetectEvent): void => fire({ events: [event], steps: [], count: event.count });
  const { program: form } = program;
  switch (form.kind) {
    case "condition":
      return { program, memory: undefined, entries: [{ node: form.node, hit: one }] };
    case "sequence": {
      const names = form.steps.map(({ name }, index) => `${index + 1} ${name}`);
      const memory = createSequence(form, room, (events) => fire({ events, steps: names, count: 1 }));
      return {
        program,
        memory,
        entries: form.steps.map(({ node }, index) => ({ node, hit: (event) => memory.take(index, event) })),
      };
    }
    case "threshold": {
      const memory = createThreshold(form, room, (events, count) => fire({ events, steps: [], count }));
      return { program, memory, entries: [{ node: form.node, hit: (event) => memory.take(event) }] };
    }
    case "absence": {
      const memory = createAbsence(form, room, one);
      return {
        program,
        memory,
        entries: [
          { node: form.without, hit: (event) => memory.followed(event) },
          { node: form.after, hit: (event) => memory.began(event) },
        ],
      };
    }
    case "baseline": {
      const memory = createFirstSeen(form, room, one);
      return { program, memory, entries: [{ node: form.node, hit: (event) => memory.take(event) }] };
    }
  }
}

/** Rules of system calls see no audit events, and the other way round: said as part of the condition, so that the index knows it too. */
export function withSource(interner: Interner, node: Node, isAudit: boolean): Node {
  const check = resolve(interner, {
    kind: "check",
    left: { field: "evt.type", argument: undefined, transformers: [] },
    operator: "=",
    values: [{ kind: "text", text: "k8s_audit", isQuoted: true }],
  });
  return join(interner, "and", [isAudit ? check : negate(interner, check), node]);
}

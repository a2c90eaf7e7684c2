// Learnt baselines: the operations of contract/baselines.ts. Every step is written to the ledger.
import type { Resource } from "../../../model/resource.ts";
import type { baselines } from "../contract/baselines.ts";
import type { HandlersOf } from "../http/calls.ts";
import type { ServerParts } from "../parts.ts";
import { getBaseline, previewBaseline } from "../runtime/baseline-detail.ts";
import { listBaselines } from "../runtime/baseline-ladder.ts";
import { accept, demote, learn, promote } from "../runtime/baseline-steps.ts";

type Parts = Pick<ServerParts, "state" | "queries" | "clock">;

export function baselineHandlers(parts: Parts): HandlersOf<keyof typeof baselines> {
  return {
    listBaselines: ({ query }) => listBaselines(parts, query),
    getBaseline: ({ query }) => getBaseline(parts, query),
    previewBaseline: ({ query }) => previewBaseline(parts, query),
    async promoteBaseline({ body, caller, record }) {
      const resource = await promote(parts, body, caller?.user ?? "");
      const { to, dryRun } = body;
      await record({
        action: "baseline.promote",
        target: targetOf(resource),
        outcome: "done",
        detail: { to, dryRun, generation: resource.generation },
      });
      return { resource };
    },
    async demoteBaseline({ body, caller, record }) {
      const resource = await demote(parts, body, caller?.user ?? "");
      await record({
        action: "baseline.demote",
        target: targetOf(resource),
        outcome: "done",
        detail: { to: body.to, generation: resource.generation },
      });
      return { resource };
    },
    async acceptDrift({ body, caller, record }) {
      const { resource, added } = await accept(parts, body, caller?.user ?? "");
      await record({
        action: "baseline.accept",
        target: targetOf(resource),
        outcome: "done",
        detail: { added, reason: body.reason, generation: resource.generation },
      });
      return { resource, added };
    },
    async learnBaseline({ body, caller, record }) {
      const answer = await learn(parts, body, caller?.user ?? "");
      if (answer.resource !== undefined) {
        const detail = {
          added: answer.added.length,
          removed: answer.removed.length,
          generation: answer.resource.generation,
        };
        await record({ action: "baseline.learn", target: targetOf(answer.resource), outcome: "done", detail });
      }
      return answer;
    },
  };
}

function targetOf({ kind, name, scope }: Resource): string {
  return `${kind}/${name} (${scope})`;
}

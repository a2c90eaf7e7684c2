// The outputs: the operations of contract/sinks.ts. What is tried, sent again or thrown away is in the ledger.
import type { sinks } from "../contract/sinks.ts";
import type { HandlersOf } from "../http/calls.ts";
import type { ServerParts } from "../parts.ts";

export function sinkHandlers({ sinks: side }: Pick<ServerParts, "sinks">): HandlersOf<keyof typeof sinks> {
  return {
    listSinks: async () => ({ sinks: [...(await side.list())], notices: [...side.notices()] }),
    async testSink({ params: { name }, query: { scope }, record }) {
      const outcome = await side.test({ scope, name });
      await record({ action: "sink.test", target: `${scope}/${name}`, outcome: "done", detail: { ok: outcome.ok } });
      return outcome;
    },
    sinkDeadLetters: async ({ params: { name }, query: { scope, after, limit } }) =>
      await side.letters({ scope, name }, { after, limit }),
    async replaySink({ params: { name }, query: { scope }, body: { ids }, record }) {
      const { delivered, failed, left, because } = await side.replay({ scope, name }, ids);
      const detail = { delivered, failed, left };
      await record({ action: "sink.replay", target: `${scope}/${name}`, outcome: "done", detail });
      return { ...detail, because };
    },
    async discardSinkLetters({ params: { name }, query: { scope }, body: { ids }, record }) {
      const detail = await side.discard({ scope, name }, ids);
      await record({ action: "sink.discard", target: `${scope}/${name}`, outcome: "done", detail });
      return detail;
    },
  };
}

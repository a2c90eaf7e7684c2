// Reading telemetry: every operation is a named query of the store; nothing is decided here.
import type { HandlersOf } from "../http/calls.ts";
import type { ServerParts } from "../parts.ts";
import type { telemetry } from "../contract/telemetry.ts";

export function telemetryHandlers({ queries }: Pick<ServerParts, "queries">): HandlersOf<keyof typeof telemetry> {
  return {
    listFlows: ({ query }) => queries.listFlows(query),
    flowTimeline: ({ query }) => queries.flowTimeline(query),
    listEvents: ({ query }) => queries.listEvents(query),
    listWorkloads: ({ query }) => queries.listWorkloads(query),
    getWorkload: ({ params, query }) => queries.getWorkload(params, query),
    workloadProcesses: ({ params, query }) => queries.workloadProcesses(params, query),
    workloadPeers: ({ params, query }) => queries.workloadPeers(params, query),
    workloadDns: ({ params, query }) => queries.workloadDns(params, query),
    hints: ({ query }) => queries.hints(query),
    streamFlows:
      ({ query: { q, last, since } }) =>
      (cursor, rowsMax) =>
        queries.flowsSince(cursor, q, rowsMax, { last, since }),
    streamEvents:
      ({ query: { q, kinds, last, since } }) =>
      (cursor, rowsMax) =>
        queries.eventsSince(cursor, { kinds, q }, rowsMax, { last, since }),
  };
}

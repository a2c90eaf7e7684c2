// Stand-ins for parts that this server was started without: each call says so, as a fault that a retry may outlive.
import { Fault } from "../../base/fault.ts";
import type { TelemetryStore } from "../../core/store/telemetry-store.ts";
import type { Queries } from "../../edge/store/queries/queries.ts";
import type { AgentsDoorView, ForeignHandlers } from "./parts.ts";

function notWired(what: string): Fault {
  return new Fault(`${what} is not part of this server`, { code: "server/not-wired", kind: "unavailable" });
}

/** Every method of the interface rejects with `server/not-wired`. */
function refusing<T extends object>(what: string, own: Partial<T> = {}): T {
  return new Proxy(own, {
    get: (target, name) =>
      name in target || typeof name === "symbol" || name === "then"
        ? (Reflect.get(target, name) as unknown)
        : () => Promise.reject(notWired(what)),
  }) as T;
}

export const noTelemetry: TelemetryStore = refusing<TelemetryStore>("the telemetry store", {
  [Symbol.asyncDispose]: () => Promise.resolve(),
});
export const noQueries: Queries = refusing<Queries>("the telemetry store");
export const noForeign: ForeignHandlers = refusing<ForeignHandlers>("foreign telemetry");
export const noAgents: AgentsDoorView = {
  ingest: () => ({ rows: 0, blocks: 0, duplicates: 0, refusedByCode: {}, spoolBlocks: 0, spoolBytes: 0 }),
  notices: () => ["the agents' door is not part of this server"],
  caSha256: "0".repeat(64),
  cut: () => undefined,
};

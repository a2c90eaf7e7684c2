// A handler of an event emitter whose exception ends what it belongs to, and not the process.
import { toFault } from "../../../base/fault.ts";
import type { ExchangeParts } from "./exchange-parts.ts";

/** `owner`: the socket or stream that is destroyed then. Counted and logged. */
export function guarded<Given extends readonly unknown[]>(
  { count, logger }: Pick<ExchangeParts, "count" | "logger">,
  owner: { destroy(): unknown },
  handle: (...given: Given) => void,
): (...given: Given) => void {
  return (...given) => {
    try {
      handle(...given);
    } catch (error) {
      count.errors += 1;
      logger.error({ error: toFault(error).message }, "a connection could not be served on");
      owner.destroy();
    }
  };
}

// Conditions of nodes and owners. Heartbeats are left out: they change every few seconds and say nothing.
import type { Condition } from "../../../model/inventory.ts";
import { inventoryLimits } from "../limits.ts";
import { list, type ParseContext, record } from "./raw.ts";

export function conditionsOf(context: ParseContext, value: unknown): Condition[] {
  const cut = (count: number) => context.cut("conditions", count);
  return list(value, inventoryLimits.conditionsMax, cut).flatMap((item) => {
    const { type, status, reason, message, lastTransitionTime } = record(item);
    if (typeof type !== "string" || type === "") return [];
    const since = context.time(lastTransitionTime);
    return [
      {
        type: context.text(type),
        status: statusOf(status),
        reason: context.text(reason),
        message: context.prose(message),
        ...(since === undefined ? {} : { since }),
      },
    ];
  });
}

/** Anything but the two words is "Unknown". */
export function statusOf(value: unknown): Condition["status"] {
  return value === "True" || value === "False" ? value : "Unknown";
}

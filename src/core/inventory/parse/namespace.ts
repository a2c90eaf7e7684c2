// Namespace objects.
import type { Namespace } from "../../../model/inventory.ts";
import { commonOf, type ParseContext, type Raw, record } from "./raw.ts";

export function parseNamespace(context: ParseContext, raw: Raw): Namespace | string {
  const { because, ...common } = commonOf(context, record(raw["metadata"]));
  if (!isWhole(common)) return because;
  return { kind: "Namespace", ...common, phase: context.text(record(raw["status"])["phase"]) };
}

type Common = ReturnType<typeof commonOf>;
export type WholeCommon = Omit<Extract<Common, { uid: string }>, "because">;

/** Whether an object has a name and a uid. */
export function isWhole(common: object): common is WholeCommon {
  return "uid" in common;
}

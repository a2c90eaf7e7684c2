// A rule on names allows addresses, and an address may serve other names as well: a flow that such a rule allowed says so.
import type { Row } from "../../../model/table.ts";

/** Names that are told; of more their number. */
const namesToldMax = 4;

/** Adds to `verdictBecause` of an allowed flow, in place; nothing when no rule on names allowed it or nobody here resolved another name to the address. */
export function noteSharing(
  row: Row<"flows">,
  /** Ids of rules on names. */
  nameRules: ReadonlySet<number>,
  sharedBy: (address: string) => readonly string[],
): void {
  if (row.verdict !== "allow" || !row.policies.some((ruleId) => nameRules.has(ruleId))) return;
  const others = sharedBy(row.destinationAddress).filter((name) => name !== row.destinationDomain);
  if (others.length === 0) return;
  const more = others.length > namesToldMax ? ` and ${others.length - namesToldMax} more` : "";
  const words = `allowed by name: its address also serves ${others.slice(0, namesToldMax).join(", ")}${more}`;
  row.verdictBecause = (row.verdictBecause === "" ? words : `${row.verdictBecause}; ${words}`).slice(0, 250);
}

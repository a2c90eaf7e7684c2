// --approve with a key that no edge has is a typing error: it is told with keys that are there.
import { usage } from "./ask-flow.ts";

const heldShownMax = 5;

/** Throws a usage Fault that names keys which are there when one was approved that no edge has. */
export function refuseUnknown({
  approvedUnknown = [],
  held,
}: {
  readonly approvedUnknown?: readonly string[] | undefined;
  readonly held: readonly { readonly key: string }[];
}): void {
  const [unknown] = approvedUnknown;
  if (unknown === undefined) return;
  const shown = held.slice(0, heldShownMax).map(({ key }) => `"${key}"`);
  const more = held.length - shown.length;
  throw usage(
    `--approve ${JSON.stringify(unknown)}: no edge has this key`,
    shown.length === 0
      ? "nothing is held back"
      : `held back: ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`,
  );
}

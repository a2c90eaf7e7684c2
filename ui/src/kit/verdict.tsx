// A verdict as icon, word and colour, with its reason. Unknown is shown as loudly as it deserves: with why.
import { CircleCheck, CircleHelp, CircleSlash2, CornerDownRight, ScrollText } from "lucide-react";
import type { VerdictName } from "../../../src/model/verdict.ts";

const icons = {
  allow: CircleCheck,
  deny: CircleSlash2,
  pass: CornerDownRight,
  log: ScrollText,
  unknown: CircleHelp,
} as const satisfies Record<VerdictName, unknown>;

interface VerdictProps {
  readonly verdict: VerdictName;
  readonly because: string;
}

/** "allow · established"; the reason is cut by the cell and whole in the title. */
export function Verdict({ verdict, because }: VerdictProps) {
  const Icon = icons[verdict];
  return (
    <span className={`verdict verdict-${verdict}`} title={because === "" ? verdict : `${verdict}: ${because}`}>
      <Icon aria-hidden="true" />
      <b>{verdict}</b>
      {because === "" ? null : <span>{because}</span>}
    </span>
  );
}

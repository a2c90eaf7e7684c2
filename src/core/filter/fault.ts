// How this room refuses: always with the place in the text and a way on.
import { Fault } from "../../base/fault.ts";

const generalHint = 'Write clauses like ns:shop to:db verdict:deny port:>1024 last:1h; quote text with spaces or ":".';

/** Kind "usage", code "filter/<code>", `where` "q:<offset>"; the message names the place for people (counted from 1). */
export function filterFault(code: string, offset: number, message: string, hint: string = generalHint): Fault {
  return new Fault(`${message} (at character ${offset + 1} of the filter)`, {
    code: `filter/${code}`,
    kind: "usage",
    where: `q:${offset}`,
    hint,
  });
}

// unconditionalMatch, noMatch, and the look-ups that load and never match here (geoLookup, rbl: nothing outside is asked while a request waits).
import { hitOf, pure } from "./argument.ts";
import type { OperatorMaker } from "./operator.ts";

export const unconditionalMatch: OperatorMaker = () => pure((value) => hitOf(value));

export const noMatch: OperatorMaker = () => pure(() => undefined);

// The list of operators, by name in lower case. A new one is a file and a line here.
import { noMatch, unconditionalMatch } from "./always-never.ts";
import { beginsWith } from "./begins-with.ts";
import { contains } from "./contains.ts";
import { containsWord } from "./contains-word.ts";
import { detectSqli, detectXss } from "./detect-injection.ts";
import { endsWith } from "./ends-with.ts";
import { ipMatch, ipMatchFromFile } from "./ip-match.ts";
import { eq, ge, gt, le, lt } from "./numeric.ts";
import { pm, pmFromFile } from "./pm.ts";
import { rx, rxGlobal } from "./rx.ts";
import { streq } from "./streq.ts";
import { validateByteRange } from "./validate-byte-range.ts";
import { validateUrlEncoding } from "./validate-url-encoding.ts";
import { validateUtf8Encoding } from "./validate-utf8-encoding.ts";
import { verifyCc, verifyCpf, verifySsn, verifySvnr } from "./verify-number.ts";
import { within } from "./within.ts";
import type { OperatorMaker } from "./operator.ts";

export const operatorMakers: ReadonlyMap<string, OperatorMaker> = new Map([
  ["beginswith", beginsWith],
  ["contains", contains],
  ["containsword", containsWord],
  ["detectsqli", detectSqli],
  ["detectxss", detectXss],
  ["endswith", endsWith],
  ["eq", eq],
  ["ge", ge],
  ["geolookup", noMatch],
  ["gt", gt],
  ["ipmatch", ipMatch],
  ["ipmatchf", ipMatchFromFile],
  ["ipmatchfromfile", ipMatchFromFile],
  ["le", le],
  ["lt", lt],
  ["nomatch", noMatch],
  ["pm", pm],
  ["pmf", pmFromFile],
  ["pmfromfile", pmFromFile],
  ["rbl", noMatch],
  ["rx", rx],
  ["rxglobal", rxGlobal],
  ["streq", streq],
  ["strmatch", contains],
  ["unconditionalmatch", unconditionalMatch],
  ["validatebyterange", validateByteRange],
  ["validateurlencoding", validateUrlEncoding],
  ["validateutf8encoding", validateUtf8Encoding],
  ["verifycc", verifyCc],
  ["verifycpf", verifyCpf],
  ["verifyssn", verifySsn],
  ["verifysvnr", verifySvnr],
  ["within", within],
]);

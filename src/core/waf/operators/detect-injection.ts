// detectSQLi, detectXSS: what core/waf/injection says of the value. TX:0 is the fingerprint of SQL, the value with XSS.
import { detectSqli as sqliVerdict } from "../injection/detect-sqli.ts";
import { detectXss as xssVerdict } from "../injection/detect-xss.ts";
import { pure } from "./argument.ts";
import type { OperatorMaker } from "./operator.ts";

export const detectSqli: OperatorMaker = () =>
  pure((value) => {
    const verdict = sqliVerdict(value);
    return verdict.isSqli ? { matched: value, captures: [verdict.fingerprint] } : undefined;
  });

export const detectXss: OperatorMaker = () =>
  pure((value) => (xssVerdict(value) ? { matched: value, captures: [value] } : undefined));

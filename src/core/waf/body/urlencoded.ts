// application/x-www-form-urlencoded, as it streams: pairs parted by a separator, decoded. Also reads query strings.
import { decodeUrl } from "../transform/url-decode.ts";
import { hexByteAt } from "../transform/bytes.ts";
import type { BodyLimits, BodyParser, BodySink } from "./body-parser.ts";
import { createArgumentGate, createByteGate, createFindings } from "./findings.ts";

export interface UrlencodedOptions {
  /** One character; "&" when absent. */
  readonly separator?: string;
}

/** Invalid escapes stay as they are and set URLENCODED_ERROR. A pair of nothing at all is no argument; `=` is one with an empty name. */
export function createUrlencodedParser(
  sink: BodySink,
  limits: BodyLimits,
  options: UrlencodedOptions = {},
): BodyParser {
  const separator = options.separator ?? "&";
  const findings = createFindings(limits);
  const argument = createArgumentGate(sink, limits, findings);
  let pending = "";

  const take = (pair: string) => {
    if (pair === "" || findings.isAborted) return;
    if (hasInvalidEscape(pair)) findings.flag("URLENCODED_ERROR");
    const equals = pair.indexOf("=");
    const name = equals < 0 ? pair : pair.slice(0, equals);
    argument(decodeUrl(name), equals < 0 ? "" : decodeUrl(pair.slice(equals + 1)));
  };

  return {
    write: createByteGate(limits, findings, (text) => {
      let start = 0;
      for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, start)) {
        take(pending + text.slice(start, at));
        pending = "";
        start = at + 1;
      }
      pending += text.slice(start);
    }),
    end: () => {
      take(pending);
      pending = "";
      return findings.verdict();
    },
  };
}

function hasInvalidEscape(text: string): boolean {
  for (let at = text.indexOf("%"); at >= 0; at = text.indexOf("%", at + 1))
    if (hexByteAt(text, at + 1) < 0) return true;
  return false;
}

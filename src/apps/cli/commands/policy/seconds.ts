// Times as people write them on the command line.
import { Fault } from "../../../../base/fault.ts";

/** "60", "60s", "5m", "1h" -> seconds. Throws a Fault on anything else. */
export function secondsOf(text: string): number {
  const match = /^(\d{1,6})(s|m|h)?$/.exec(text);
  const unit = match?.[2] === "h" ? 3600 : match?.[2] === "m" ? 60 : 1;
  const seconds = Number(match?.[1]) * unit;
  if (match !== null && seconds <= 86_400) return seconds;
  throw new Fault(`${text} is no time`, {
    code: "cli/usage",
    kind: "usage",
    hint: "write 60s, 5m or 1h; at most a day",
  });
}

// The question on screen as a command line: the console teaches the command line.
import { rangeQuery } from "../app/time-range.ts";
import { filterOf, rangeOf, type UrlState } from "../app/url-state.ts";
import { shellQuote } from "./format.ts";

/** The question of a list as a command line that asks the same. */
export function listCommand(command: "flows" | "events" | "workloads", state: UrlState, extra = ""): string {
  const range = rangeQuery(rangeOf(state));
  const words = ["npx garrison", command];
  if (extra !== "") words.push(extra);
  words.push(`--since ${shellQuote(range.since)}`);
  if (range.until !== undefined) words.push(`--until ${shellQuote(range.until)}`);
  const filter = filterOf(state);
  if (filter !== "") words.push(shellQuote(filter));
  return words.join(" ");
}

// Flows in words: keys, the filter terms of related questions, the same question as a command.
import type { Flow } from "../../../src/model/flow.ts";
import { quoteValue } from "../app/url-state.ts";
import { formatAddress, shellQuote } from "./format.ts";

/** One row of one block: the first page and the stream may both bring it. */
export function flowKey(flow: Flow): string {
  return `${flow.ingest}|${flow.flowId}|${flow.time}|${flow.reporter}|${flow.sourcePort}`;
}

/** The name a reader knows an end by: workload, else DNS name, else address. */
export function endName(flow: Flow, end: "source" | "destination"): string {
  if (end === "source") return flow.sourceWorkload || formatAddress(flow.sourceAddress) || "unknown";
  return flow.destinationWorkload || flow.destinationDomain || formatAddress(flow.destinationAddress) || "unknown";
}

/** Filter terms that lead from a flow to its relatives, most useful first. */
export function relatedTerms(flow: Flow): readonly { readonly title: string; readonly q: string }[] {
  const source = flow.sourceWorkload === "" ? "" : `from:${quoteValue(flow.sourceWorkload)}`;
  const target = endName(flow, "destination");
  const destination = target === "unknown" ? "" : `to:${quoteValue(target)}`;
  const terms = [
    { title: "Same two ends", q: [source, destination].filter((term) => term !== "").join(" ") },
    { title: "Everything to the destination", q: destination },
    { title: "Everything from the source", q: source },
    { title: "Same process", q: flow.process === "" ? "" : `process:${quoteValue(flow.process)}` },
    { title: `All ${flow.verdict} verdicts`, q: `verdict:${flow.verdict}` },
  ];
  return terms.filter(({ q }) => q !== "");
}

/** A command that shows just this flow's row and its neighbours in time. */
export function flowCommand(flow: Flow): string {
  const since = new Date(Date.parse(flow.time) - 1000).toISOString();
  const until = new Date(Date.parse(flow.time) + flow.durationMs + 1000).toISOString();
  const q = [relatedTerms(flow)[0]?.q ?? "", flow.destinationPort === 0 ? "" : `port:${flow.destinationPort}`];
  const filter = q.filter((term) => term !== "").join(" ");
  return `npx garrison flows --since ${since} --until ${until} ${shellQuote(filter)}`;
}

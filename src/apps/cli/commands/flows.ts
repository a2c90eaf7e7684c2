// garrison flows: who talks to whom, by which process, and whether it was allowed.
import type { Flow } from "../../../model/flow.ts";
import type { Context } from "../context.ts";
import type { Sheet } from "../output/format.ts";
import { paintVerdict } from "../output/paint.ts";
import { bytes, clockTime, histogramMedianUs, micros } from "../output/units.ts";
import type { CommandUnit } from "./command.ts";
import { printRows, withRowOptions, type RowOptions } from "./rows.ts";

export const flows: CommandUnit = {
  name: "flows",
  add(program, run) {
    withRowOptions(
      program
        .command("flows")
        .summary("traffic, newest last")
        .description("Show flows: source, destination, process, verdict."),
    )
      .addHelpText(
        "after",
        "\nExamples:\n  garrison flows process:curl -f\n  garrison flows --since 1h verdict:unknown -o jsonl",
      )
      .action(
        run<RowOptions>((context, input) =>
          printRows<Flow>(
            context,
            { list: "listFlows", stream: "streamFlows", noun: "flows", sheet: flowSheet },
            input,
          ),
        ),
      );
  },
};

export function flowSheet(context: Context): Sheet<Flow> {
  const { paint } = context;
  return {
    name: (flow) => flow.flowId,
    columns: [
      { title: "time", value: (flow) => paint.dim(clockTime(flow.time, context.nowMs())) },
      { title: "node", value: (flow) => flow.node, isWide: true },
      { title: "source", value: (flow) => end(flow.sourceNamespace, flow.sourceWorkload, flow.sourceAddress) },
      { title: "destination", value: (flow) => destination(flow) },
      { title: "port", value: (flow) => `${flow.destinationPort}/${flow.protocol}`, align: "right" },
      {
        title: "process",
        value: (flow) => (flow.process === "" ? "-" : flow.pid > 0 ? `${flow.process}[${flow.pid}]` : flow.process),
      },
      { title: "side", value: (flow) => flow.reporter, isWide: true },
      { title: "conns", value: (flow) => String(flow.connectionsOpened + flow.connectionsFailed), align: "right" },
      { title: "sent", value: (flow) => measured(flow, bytes(flow.bytesSent)), align: "right" },
      { title: "received", value: (flow) => measured(flow, bytes(flow.bytesReceived)), align: "right" },
      {
        title: "rtt",
        value: (flow) => measured(flow, micros(histogramMedianUs(flow.rttUs))),
        align: "right",
      },
      { title: "executable", value: (flow) => flow.executable || "-", isWide: true },
      { title: "image", value: (flow) => flow.image || "-", isWide: true },
      { title: "tls", value: (flow) => (flow.serverName === "" ? flow.tls : flow.serverName), isWide: true },
      { title: "verdict", value: (flow) => `${paintVerdict(paint, flow.verdict)} ${paint.dim(flow.verdictBecause)}` },
    ],
  };
}

/** Polling counts no bytes and measures no times: its zeros are unknowns, not values. */
function measured(flow: Flow, text: string): string {
  return flow.fidelity === "polled" || flow.fidelity === "notified" ? "-" : text;
}

function destination(flow: Flow): string {
  const known = end(flow.destinationNamespace, flow.destinationWorkload, "");
  if (known !== "") return known;
  const address = plain(flow.destinationAddress);
  return flow.destinationDomain === "" ? address : `${flow.destinationDomain} (${address})`;
}

/** "namespace/workload", or the address when the workload is not known. */
function end(namespace: string, workload: string, address: string): string {
  if (workload === "") return plain(address);
  return namespace === "" ? workload : `${namespace}/${workload}`;
}

/** IPv4 addresses come back as ::ffff:a.b.c.d from the IPv6 column. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}

// garrison events: processes, DNS, HTTP, files, Kubernetes, its inventory, audit and detections on one timeline.
import { mainRule } from "../../server/contract/waf-words.ts";
import type { AnyEvent } from "../../server/contract/telemetry.ts";
import type { Context } from "../context.ts";
import type { Sheet } from "../output/format.ts";
import { clockTime, micros } from "../output/units.ts";
import type { CommandUnit } from "./command.ts";
import { printRows, withRowOptions, type RowOptions } from "./rows.ts";

export const events: CommandUnit = {
  name: "events",
  add(program, run) {
    withRowOptions(
      program.command("events").summary("what happened, on one timeline").description("Show events of all kinds."),
    )
      .option("--kinds <list>", "only these kinds: process,file,dns,http,kubernetes,inventory,audit,security,log,span")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison events --kinds process,dns -f\n  garrison events process:curl --since 10m -o wide",
      )
      .action(
        run<RowOptions>((context, input) =>
          printRows<AnyEvent>(
            context,
            { list: "listEvents", stream: "streamEvents", noun: "events", sheet: eventSheet },
            input,
          ),
        ),
      );
  },
};

function eventSheet(context: Context): Sheet<AnyEvent> {
  return {
    name: (event) => `${event.kind}/${event.time}`,
    columns: [
      { title: "time", value: (event) => context.paint.dim(clockTime(event.time, context.nowMs())) },
      { title: "node", value: (event) => event.node, isWide: true },
      { title: "kind", value: (event) => event.kind },
      { title: "workload", value: workloadOf },
      { title: "pid", value: (event) => ("pid" in event && event.pid > 0 ? String(event.pid) : "-"), align: "right" },
      { title: "what", value: what },
    ],
  };
}

function workloadOf(event: AnyEvent): string {
  const reason = event.kind === "audit" ? event.workloadReason : event.identityReason;
  if (event.workload === "") return reason === "" ? event.namespace || "-" : `? ${reason}`;
  return event.namespace === "" ? event.workload : `${event.namespace}/${event.workload}`;
}

/** One line that says what happened. */
function what(event: AnyEvent): string {
  switch (event.kind) {
    case "process":
      return processLine(event);
    case "file":
      return `${event.process} ${event.action} ${event.path}`;
    case "dns":
      return `${event.process || "?"} ${event.questionType} ${event.question} -> ${event.responseCode} ${event.answers.slice(0, 3).join(" ")} ${micros(event.latencyUs)}`;
    case "http":
      return `${event.method} ${event.host}${event.path} -> ${event.status === 0 ? "no answer seen" : event.status} ${micros(event.latencyUs)}`;
    case "kubernetes":
      return `${event.type} ${event.reason} ${event.objectKind}/${event.objectName}: ${event.message}`;
    case "inventory":
      return `${event.action} ${event.objectKind}/${event.objectName}${event.change === "" ? "" : `: ${event.change}`}`;
    case "audit":
      return auditLine(event);
    case "security":
      return `${event.severity} ${event.source}/${event.rule}: ${event.message}`;
    case "waf":
      return wafLine(event);
    case "log":
      return `${event.severityText} ${event.body}`;
    case "span":
      return `${event.kind} ${event.name} ${micros(event.durationUs)}`;
  }
}

/** What was asked, what became of it, and the rule that weighed most. */
function wafLine(event: Extract<AnyEvent, { kind: "waf" }>): string {
  const main = mainRule(event);
  const rule = main < 0 ? event.because : `${event.ruleIds[main]} ${event.messages[main]}`;
  const more = event.ruleIds.length > 1 ? ` and ${event.ruleIds.length - 1} more` : "";
  return `${event.verdict} ${event.method} ${event.host}${event.path} score ${event.inboundScore}/${event.inboundThreshold}: ${rule}${more}`;
}

/** Who asked: the workload behind the service account where it is known. */
function auditLine(event: Extract<AnyEvent, { kind: "audit" }>): string {
  const actor = event.actorWorkload === "" ? "" : ` (${event.actorNamespace}/${event.actorWorkload})`;
  return `${event.user}${actor} ${event.verb} ${event.resource}/${event.name} -> ${event.responseCode}`;
}

function processLine(event: Extract<AnyEvent, { kind: "process" }>): string {
  switch (event.action) {
    case "exec":
    case "running":
      return `${event.action} ${event.arguments.join(" ") || event.executable || event.name}${event.argumentsCut ? " …" : ""}`;
    case "fork":
      return `fork ${event.name} by ${event.parentPid}`;
    case "exit":
      return `exit ${event.name} ${event.signal > 0 ? `signal ${event.signal}` : `code ${event.exitCode}`}`;
  }
}

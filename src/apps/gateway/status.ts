// How the gateway is, over HTTP on loopback: alive, ready, figures as JSON and as Prometheus text. Says nothing about requests' contents.
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Fault } from "../../base/fault.ts";
import { parseListenAddress } from "./listeners.ts";
import type { RuleState } from "./rules/rule-control.ts";
import type { WorkerFigures } from "./worker/messages.ts";

export interface GatewayFigures {
  readonly rules: RuleState;
  readonly workers: number;
  readonly sum: WorkerFigures;
  readonly residentBytes: number;
  readonly eventsDropped: number;
  /** "" without a server. */
  readonly server: string;
}

export interface StatusEndpoint {
  readonly text: string;
  readonly close: () => void;
}

/** `transparent`: what that mode says of itself; undefined when it is not on. */
export async function openStatus(
  address: string,
  figures: () => GatewayFigures,
  transparent: () => object | undefined = () => undefined,
): Promise<StatusEndpoint> {
  const at = parseListenAddress(address);
  const server = createServer({ maxHeaderSize: 16_384, requestTimeout: 5000 }, (request, answer) => {
    request.resume();
    const path = (request.url ?? "/").split("?")[0];
    if (path === "/healthz") return void answer.end("ok\n");
    const now = figures();
    if (path === "/readyz") {
      const isReady = now.rules.digest !== "";
      return void answer.writeHead(isReady ? 200 : 503).end(isReady ? "ready\n" : "no rule set is in force\n");
    }
    if (path === "/metrics") {
      answer.setHeader("content-type", "text/plain; version=0.0.4");
      return void answer.end(prometheusText(now));
    }
    if (path === "/") {
      answer.setHeader("content-type", "application/json");
      return void answer.end(`${JSON.stringify({ ...shown(now), transparent: transparent() }, undefined, 2)}\n`);
    }
    answer.writeHead(404).end("not found\n");
  });
  server.listen(at.kind === "unix" ? { path: at.path } : { host: at.host, port: at.port });
  await once(server, "listening").catch((cause: Error) => {
    throw new Fault(`cannot listen on ${address}: ${cause.message}`, {
      code: "gateway/listen",
      kind: "unavailable",
      cause,
    });
  });
  const port = (server.address() as AddressInfo).port;
  return {
    text: at.kind === "unix" ? address : `http://${at.host.includes(":") ? `[${at.host}]` : at.host}:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function shown({ rules, workers, sum, residentBytes, eventsDropped, server }: GatewayFigures) {
  const { digest, source, problem, loads, refusals, loadMs, problems, policyProblems } = rules;
  return {
    ruleSet: {
      digest,
      rules: rules.rules,
      source,
      problem,
      loads,
      refusals,
      loadMs: Math.round(loadMs),
      problems: problems.length,
    },
    policyProblems,
    workers,
    residentBytes,
    server,
    ...sum,
    eventsDropped,
  };
}

/** Counters since the start of the process, in base units. */
function prometheusText({ rules, workers, sum, residentBytes, eventsDropped }: GatewayFigures): string {
  const { http, inspector, engine } = sum;
  const lines: string[] = [];
  const add = (name: string, type: "counter" | "gauge", value: number, labels = ""): void => {
    if (!lines.includes(`# TYPE garrison_waf_${name} ${type}`)) lines.push(`# TYPE garrison_waf_${name} ${type}`);
    lines.push(`garrison_waf_${name}${labels} ${value}`);
  };
  add("requests_total", "counter", http.requests, '{door="proxy"}');
  for (const [door, count] of Object.entries(sum.doors)) add("requests_total", "counter", count, `{door="${door}"}`);
  add("requests_inspected_total", "counter", inspector.inspected);
  add("requests_unselected_total", "counter", inspector.unselected);
  add("requests_blocked_total", "counter", http.blocked);
  add("requests_malformed_total", "counter", http.malformed);
  for (const [reason, count] of Object.entries(inspector.notInspected)) {
    add("not_inspected_total", "counter", count, `{reason="${reason.replaceAll(/["\\\n]/g, " ")}"}`);
  }
  for (const [cause, count] of Object.entries(http.upstreamFailures))
    add("upstream_failures_total", "counter", count, `{cause="${cause}"}`);
  add("client_timeouts_total", "counter", http.timeouts);
  add("tunnels_total", "counter", http.tunnels);
  add("errors_total", "counter", http.errors);
  add("connections_total", "counter", http.connections);
  add("connections_refused_total", "counter", http.connectionsRefused);
  add("connections_open", "gauge", http.connectionsOpen);
  add("held_bytes", "gauge", http.heldBytes);
  add("evaluation_seconds_total", "counter", inspector.evaluationUs / 1e6);
  add("budget_exceeded_total", "counter", engine.budgetExceeded);
  add("memo_entries", "gauge", engine.memoEntries);
  add("memo_hits_total", "counter", engine.memoHits);
  add("events_dropped_total", "counter", eventsDropped);
  add("rules", "gauge", rules.rules);
  add("rule_set_loads_total", "counter", rules.loads);
  add("rule_set_refusals_total", "counter", rules.refusals);
  add("rule_set_is_newest", "gauge", rules.problem === "" ? 1 : 0);
  add("workers", "gauge", workers);
  add("resident_bytes", "gauge", residentBytes);
  return `${lines.join("\n")}\n`;
}

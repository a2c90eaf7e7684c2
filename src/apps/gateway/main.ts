// The gateway: listeners, workers, the rule set in force, events out, a server where there is one. Wiring, signals and shutdown live here.
import { Fault, toFault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";
import { gatewayLimits, GatewayConfig } from "./config.ts";
import { createShip, type Ship } from "./events/ship.ts";
import { every } from "./timer.ts";
import { httpLimits } from "./limits.ts";
import { listenOn, parseListenAddress, type Listener } from "./listeners.ts";
import type { PolicyOrder } from "./rules/compile-policies.ts";
import { readPolicyFiles } from "./rules/policy-files.ts";
import { createRuleControl, type RuleControl, type RuleState } from "./rules/rule-control.ts";
import { openServerLink, type ServerLink, type ServerLinkParts } from "./server-link.ts";
import { openStatus, type GatewayFigures } from "./status.ts";
import { sumOfFigures } from "./sum-figures.ts";
import { parseUpstream } from "./upstream-setting.ts";
import { openWorkers, type WorkerSet } from "./worker/worker-set.ts";
import type { ListeningDoor, WorkerSettings } from "./worker/messages.ts";
import type { WorkerCore } from "./worker/core.ts";
import type { WafWorkload } from "../../core/waf/policy/target.ts";
import { workloadBehind } from "./workload-behind.ts";

/** What whoever starts the gateway hands in. */
export interface GatewayParts {
  readonly logger: Logger;
  /** Aborts when it shall stop: no new connections, drain, then resolve. */
  readonly signal: AbortSignal;
  /** It serves. `addresses`: by door, with the ports that were chosen. */
  ready(ready: { readonly addresses: Readonly<Record<string, string>>; readonly notices: readonly string[] }): void;
  /** One line for a person: a request that was stopped, a rule set that was refused. */
  notice(line: string): void;
  /** Asked to look at the files now: SIGHUP. */
  readonly onHangup?: (look: () => void) => void;
  /** Another way in, over the same rules: transparent mode. Gets an engine of the main thread. */
  readonly openMore?: (core: WorkerCore, gateway: { readonly link: ServerLink | undefined }) => Promise<MoreDoors>;
}

export interface MoreDoors {
  /** Plain data for the status endpoint. */
  status(): object;
  readonly close: () => Promise<void>;
}

/** Runs until the signal aborts. Rejects with a Fault when it cannot start. */
export async function runGateway(given: unknown, parts: GatewayParts): Promise<void> {
  const config = parseConfig(given);
  const gateway = await assemble(config, parts);
  try {
    await serve(gateway, parts);
  } finally {
    await gateway.closeAll();
  }
}

function parseConfig(given: unknown): GatewayConfig {
  const parsed = GatewayConfig.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Fault(`${issue?.path.join(".") ?? "configuration"}: ${issue?.message ?? "invalid"}`, {
    code: "gateway/config",
    kind: "usage",
  });
}

interface Gateway {
  readonly config: GatewayConfig;
  readonly workers: WorkerSet;
  readonly control: RuleControl;
  readonly ship: Ship;
  readonly link: ServerLink | undefined;
  readonly figures: () => GatewayFigures;
  readonly closeAll: () => Promise<void>;
}

async function assemble(config: GatewayConfig, parts: GatewayParts): Promise<Gateway> {
  const { logger } = parts;
  let link: ServerLink | undefined;
  const ship = await createShip({ config, link: () => link, notice: (line) => parts.notice(line), logger });
  const settings: WorkerSettings = {
    upstream: config.upstream === "" ? undefined : parseUpstream(config.upstream),
    workload: workloadOfFlags(config),
    trustedProxies: config.trustedProxies,
    doubleFraming: "refuse",
    onBodyTooLarge: config.onBodyTooLarge,
    limits: {
      ...httpLimits,
      heldBytesMax: config.heldBytesMax,
      heldBytesTotalMax: Math.max(config.heldBytesMax, httpLimits.heldBytesTotalMax),
    },
  };
  const workers = openWorkers({
    settings,
    threads: config.workers,
    needsInline: parts.openMore !== undefined,
    onRecords: (records) => ship.take(records),
    logger,
    onRestart: (because) => restarted(because, parts, link),
  });
  const control = createRuleControl({
    workers: workers.all,
    paths: config.rules,
    policyFiles: config.policies,
    policies: () => policyOrder(config, link),
    logger,
    onChange: (state) => changed(state, parts, link),
  });
  const figures = (): GatewayFigures => figuresOf({ workers, control, ship, link });
  if (config.server.address !== "") {
    link = await openLink(
      {
        config,
        logger,
        onPolicies: () => void control.reload("policies"),
        onIdentities: () => findWorkload(config, link, workers),
        onConnection: (connection) =>
          parts.notice(
            connection.connected
              ? `server   connected as ${connection.cluster}/${connection.node}`
              : `server   ${connection.fault.message}`,
          ),
        report: () => reportOf(figures()),
      },
      workers,
    );
  }
  return {
    config,
    workers,
    control,
    ship,
    link,
    figures,
    closeAll: async () => {
      await workers.close(config.drainSeconds * 1000);
      await ship.close();
      await link?.close();
    },
  };
}

/** Undefined: flags say nothing of it. */
function workloadOfFlags({ workload, services, labels }: GatewayConfig): WafWorkload | undefined {
  if (workload === "" && services.length === 0 && Object.keys(labels).length === 0) return undefined;
  const slash = workload.indexOf("/");
  const namespace = slash < 0 ? "" : workload.slice(0, slash);
  return { namespace, workload: workload.slice(slash + 1), services, labels };
}

/** The server knows who stands behind the upstream: by its address, or by its name in the cluster's DNS. */
function findWorkload(config: GatewayConfig, link: ServerLink | undefined, workers: WorkerSet): void {
  if (link === undefined || config.upstream === "" || workloadOfFlags(config) !== undefined) return;
  const found = workloadBehind(link.book, parseUpstream(config.upstream), Date.now());
  if (found !== undefined) workers.setWorkload(found);
}

/** Threads that were started would keep a process alive that cannot go on. */
async function openLink(parts: ServerLinkParts, workers: WorkerSet): Promise<ServerLink> {
  try {
    return await openServerLink(parts);
  } catch (error) {
    await workers.close(0);
    throw error;
  }
}

function policyOrder(config: GatewayConfig, link: ServerLink | undefined): PolicyOrder {
  const files = readPolicyFiles(config.policies);
  const { mode, paranoia, thresholds, responseBodies, isMultiline, settings } = config;
  return {
    flags: {
      mode,
      paranoia,
      responseBodies,
      isMultiline,
      inboundThreshold: thresholds.inbound,
      outboundThreshold: thresholds.outbound,
      settings: Object.entries(settings),
    },
    policies: [...files.policies, ...(link?.policies ?? [])],
    floor: link?.floor ?? files.floor,
    nowMs: Date.now(),
  };
}

function changed(state: RuleState, parts: GatewayParts, link: ServerLink | undefined): void {
  // The first load: who starts the gateway is told by the Fault.
  if (state.digest === "") return;
  if (state.problem !== "") {
    parts.notice(`rules    refused, the old ones go on: ${state.problem}`);
    link?.outbox.gap({
      time: Date.now(),
      durationMs: 0,
      table: "waf_events",
      reason: "limit",
      rows: 0,
      counted: "no",
      detail: `a new rule set was refused, the one before it goes on: ${state.problem}`.slice(0, 500),
    });
  } else if (state.loads > 1) {
    parts.notice(`rules    ${state.rules} rules in force (${state.digest.slice(0, 12)})`);
    for (const line of policyNotices(state.policyProblems)) parts.notice(line);
  }
  link?.reportSoon();
}

/** Requests that it served are cut off; events that it had not handed over are gone, nobody knows how many. */
function restarted(because: string, parts: GatewayParts, link: ServerLink | undefined): void {
  parts.notice(`worker   died and was started again: ${because}`);
  const detail = `a worker died and was started again: ${because}`.slice(0, 500);
  link?.outbox.gap({
    time: Date.now(),
    durationMs: 0,
    table: "waf_events",
    reason: "limit",
    rows: 0,
    counted: "no",
    detail,
  });
}

function figuresOf({
  workers,
  control,
  ship,
  link,
}: Pick<Gateway, "workers" | "control" | "ship" | "link">): GatewayFigures {
  const sum = sumOfFigures(workers.all.map((worker) => worker.figures()));
  return {
    rules: control.state,
    workers: workers.all.length,
    sum,
    residentBytes: process.memoryUsage.rss(),
    eventsDropped: sum.eventsDropped + ship.dropped,
    server: link === undefined ? "" : link.state.connected ? "connected" : link.state.because,
  };
}

function reportOf({ rules, workers, sum }: GatewayFigures) {
  const asked = Object.values(sum.doors).reduce((total, count) => total + count, 0);
  return {
    gateway: {
      ruleSet: rules.digest,
      rules: rules.rules,
      ruleSetProblem: rules.problem.slice(0, 1000),
      workers,
      requests: sum.http.requests + asked,
      notInspected: Object.values(sum.inspector.notInspected).reduce((total, count) => total + count, 0),
    },
    problems: rules.policyProblems,
    problem: rules.problem,
  };
}

async function serve(gateway: Gateway, parts: GatewayParts): Promise<void> {
  const { config, control, link, workers, ship } = gateway;
  await control.start();
  await link?.start();
  const listeners: Listener[] = [];
  const closers: (() => void | Promise<void>)[] = [];
  try {
    const addresses: Record<string, string> = {};
    const doors: readonly (readonly [ListeningDoor, string])[] = [
      ["proxy", config.listen],
      ["extproc", config.extProc],
      ["extauthz", config.extAuthz],
      ["authrequest", config.authRequest],
    ];
    for (const [door, text] of doors) {
      if (text === "") continue;
      const listener = await listenOn(parseListenAddress(text), door, (socket, source) =>
        workers.accept(door, socket, source),
      );
      listeners.push(listener);
      addresses[door] = listener.text;
    }
    let more: MoreDoors | undefined;
    if (config.status !== "") {
      const status = await openStatus(config.status, gateway.figures, () => more?.status());
      closers.push(status.close);
      addresses["status"] = status.text;
    }
    if (parts.openMore !== undefined && workers.inline !== undefined) {
      more = await parts.openMore(workers.inline, { link });
      closers.push(more.close);
    }
    if (Object.keys(addresses).length === 0 && parts.openMore === undefined) throw nothingToDo();
    closers.push(...startTimers(gateway, parts));
    parts.onHangup?.(() => {
      void control.reload("files");
      void ship.reopen();
    });
    parts.ready({ addresses, notices: noticesOf(gateway, addresses) });
    await aborted(parts.signal);
  } finally {
    for (const listener of listeners) listener.close();
    for (const close of closers) await close();
  }
}

function nothingToDo(): Fault {
  return new Fault("the gateway has no door", {
    code: "gateway/no-door",
    kind: "usage",
    hint: "name one: --listen with --upstream, --ext-proc, --ext-authz, or --auth-request",
  });
}

function startTimers({ config, control, ship, link, figures }: Gateway, parts: GatewayParts): (() => void)[] {
  const failed = (error: unknown): void =>
    parts.logger.error({ error: toFault(error).message }, "a periodic task of the gateway failed");
  let toldDrops = 0;
  const tick = (): Promise<void> => {
    const { eventsDropped } = figures().sum;
    link?.outbox.lost(eventsDropped - toldDrops, "a worker's line of events was full");
    toldDrops = eventsDropped;
    return ship.tick(Date.now());
  };
  const timers = [
    every(gatewayLimits.flushEveryMs, tick, failed),
    every(gatewayLimits.spoolEveryMs, () => link?.tick(), failed),
  ];
  if (config.watchSeconds > 0) timers.push(every(config.watchSeconds * 1000, () => control.look(Date.now()), failed));
  return timers.map((timer) => () => timer.stop());
}

function noticesOf(
  { config, control, workers }: Gateway,
  addresses: Readonly<Record<string, string>>,
): readonly string[] {
  const { rules, source, digest, problems, policyProblems, loadMs } = control.state;
  const errors = problems.filter(({ severity }) => severity === "error");
  const names: Readonly<Record<string, string>> = {
    proxy: `proxy    ${addresses["proxy"]} -> ${config.upstream}`,
    extproc: `envoy    external processing on ${addresses["extproc"]}`,
    extauthz: `envoy    external authorization on ${addresses["extauthz"]}`,
    authrequest: `nginx    auth_request on ${addresses["authrequest"]} (headers only: phase 1)`,
    status: `status   ${addresses["status"]}`,
  };
  return [
    ...Object.keys(addresses).map((name) => names[name] ?? ""),
    `rules    ${rules} rules of ${source} (${digest.slice(0, 12)}), loaded in ${Math.round(loadMs)} ms`,
    `mode     ${config.mode}, paranoia ${config.paranoia}, threshold ${config.thresholds.inbound}; ${workers.text}`,
    ...errors
      .slice(0, gatewayLimits.problemsToldMax)
      .map(({ position, message }) => `note     ${position.file} line ${position.line}: ${message}`),
    ...(errors.length > gatewayLimits.problemsToldMax
      ? [`note     ${errors.length - gatewayLimits.problemsToldMax} more directives were refused`]
      : []),
    ...policyNotices(policyProblems),
  ];
}

function policyNotices(problems: RuleState["policyProblems"]): readonly string[] {
  const lines = problems
    .slice(0, gatewayLimits.problemsToldMax)
    .map(({ name, message }) => `policy   ${name}: ${message}`);
  const more = problems.length - lines.length;
  return more > 0 ? [...lines, `policy   ${more} more problems: the status page has all`] : lines;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

// What `garrison waf serve` does: flags to the gateway's configuration, its words to the terminal.
import path from "node:path";
import pino from "pino";
import { findSystemRules } from "../../../../edge/rules/system-rules.ts";
import { dataFolderOf, type Context } from "../../context.ts";
import { namedRules, numberOf, paranoiaOf, settingsOf, usage } from "./flags.ts";
import type { WafServeFlags } from "./serve.ts";

export async function runServe(context: Context, { options }: { readonly options: WafServeFlags }): Promise<void> {
  const config = configOf(context, options);
  const { runGateway } = await import("../../../gateway/main.ts");
  const openMore = await transparentMode(context, options);
  const stop = new AbortController();
  const onTerminate = (): void => stop.abort();
  process.once("SIGTERM", onTerminate);
  try {
    await runGateway(config, {
      logger: loggerOf(context),
      ...(openMore === undefined ? {} : { openMore }),
      signal: AbortSignal.any([context.signal, stop.signal]),
      ready: ({ notices }) => {
        for (const line of notices) context.say(line);
        context.say("stop with Ctrl-C");
      },
      notice: (line) => context.say(line),
      onHangup: (look) => void process.on("SIGHUP", look),
    });
  } finally {
    process.off("SIGTERM", onTerminate);
  }
}

function loggerOf(context: Context): pino.Logger {
  const level = context.environment["GARRISON_LOG"] ?? "warn";
  return pino({ name: "gateway", level, base: { app: "gateway" } }, pino.destination({ fd: 2, sync: true }));
}

/** Loaded only when it is asked for: it speaks to the kernel. */
async function transparentMode(context: Context, options: WafServeFlags) {
  if (options.transparent === undefined) return undefined;
  const { parseTransparentFlags } = await import("../../../gateway/transparent/open-transparent.ts");
  const { transparentFor } = await import("../../../gateway/transparent/for-gateway.ts");
  return transparentFor({
    flags: parseTransparentFlags(options.transparent),
    folder: path.join(path.resolve(dataFolderOf(context)), "gateway", "transparent"),
    drainMs: 5000,
    notice: (line) => context.say(line),
    logger: loggerOf(context),
  });
}

function configOf(context: Context, options: WafServeFlags): object {
  const { listen = "", upstream = "" } = options;
  if ((listen === "") !== (upstream === "")) {
    throw usage(
      "--listen and --upstream go together",
      "for example --listen 127.0.0.1:8080 --upstream http://127.0.0.1:3000",
    );
  }
  const inbound = numberOf(options.inboundThreshold ?? "5", "--inbound-threshold", { min: 1, max: 10_000 });
  const outbound = numberOf(options.outboundThreshold ?? "4", "--outbound-threshold", { min: 1, max: 10_000 });
  const workers =
    options.workers === undefined ? {} : { workers: numberOf(options.workers, "--workers", { min: 0, max: 64 }) };
  return {
    rules: namedRules(options.rules ?? [systemRules()]).map((one) => path.resolve(one)),
    listen,
    upstream,
    mode: options.mode,
    thresholds: { inbound, outbound },
    extProc: options.extProc ?? "",
    extAuthz: options.extAuthz ?? "",
    authRequest: options.authRequest ?? "",
    status: options.status ?? "",
    paranoia: paranoiaOf(options.paranoia ?? "1"),
    responseBodies: options.responseBodies ?? false,
    isMultiline: options.multiline ?? false,
    settings: Object.fromEntries(settingsOf(options.setting)),
    policies: (options.policy ?? []).map((one) => path.resolve(one)),
    workload: options.workload ?? "",
    labels: labelsOf(options.label ?? []),
    trustedProxies: options.trustedProxy ?? [],
    onBodyTooLarge: options.bodyTooLarge,
    events: options.events ?? "",
    log: options.log ?? "",
    server: { address: options.serverAddress ?? "" },
    join: {
      token: options.joinToken ?? context.environment["GARRISON_JOIN_TOKEN"] ?? "",
      tokenFile: options.joinTokenFile ?? "",
    },
    node: options.node ?? "",
    data: path.resolve(dataFolderOf(context)),
    ...workers,
  };
}

function labelsOf(given: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const pair of given) {
    const equals = pair.indexOf("=");
    if (equals < 1) throw usage(`--label ${pair} is none`, "write NAME=VALUE, for example app=checkout");
    labels[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  return labels;
}

function systemRules(): string {
  const [found] = findSystemRules();
  if (found !== undefined) return found;
  throw usage(
    "no rules were named and the system has none",
    "name a folder with --rules, or install the package modsecurity-crs",
  );
}

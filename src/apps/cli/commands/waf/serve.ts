// garrison waf serve: the gateway before an application, or beside Envoy or nginx.
import { Option, type Command } from "commander";
import type { CommandUnit } from "../command.ts";
import { withRuleFlags, type RuleFlags } from "./flags.ts";

export interface WafServeFlags extends RuleFlags {
  readonly rules?: readonly string[];
  readonly listen?: string;
  readonly upstream?: string;
  readonly extProc?: string;
  readonly extAuthz?: string;
  readonly authRequest?: string;
  readonly status?: string;
  readonly mode: "off" | "detect" | "block";
  readonly outboundThreshold?: string;
  readonly responseBodies?: boolean;
  readonly multiline?: boolean;
  readonly policy?: readonly string[];
  readonly workload?: string;
  readonly label?: readonly string[];
  readonly workers?: string;
  readonly trustedProxy?: readonly string[];
  readonly bodyTooLarge: "block" | "pass";
  readonly events?: string;
  readonly log?: string;
  readonly serverAddress?: string;
  readonly joinToken?: string;
  readonly joinTokenFile?: string;
  readonly node?: string;
  readonly transparent?: readonly string[];
}

export const wafServe: CommandUnit = {
  name: "serve",
  add(group, run) {
    withServerFlags(
      withDoors(
        withRuleFlags(
          group
            .command("serve")
            .summary("the gateway: reverse proxy, Envoy ext_proc and ext_authz, nginx auth_request"),
          "1",
        ),
      ),
    )
      .addOption(
        new Option("--mode <mode>", "what is done with a request over the threshold")
          .choices(["off", "detect", "block"])
          .default("detect"),
      )
      .option("--outbound-threshold <points>", "anomaly score from which an answer is stopped", "4")
      .option(
        "--multiline",
        "^ and $ match at line ends too, as in libmodsecurity 3; the Core Rule Set expects that they do not",
      )
      .option("--response-bodies", "look at bodies of answers too")
      .option(
        "--policy <file...>",
        "manifests of WafPolicy and WafFloor; requests that none selects are under the flags",
      )
      .option("--workload <namespace/name>", "what stands behind it, for policies' targets")
      .option("--label <name=value...>", "its labels")
      .option("--workers <n>", "threads that serve; 0: the main one does (default: one per core)")
      .option("--trusted-proxy <prefix...>", "whose X-Forwarded-For is believed: 10.0.0.0/8")
      .addOption(
        new Option("--body-too-large <what>", "in blocking mode, a body that cannot be held for its verdict")
          .choices(["block", "pass"])
          .default("block"),
      )
      .option("--events <file>", "each event as a line of JSON; - for standard output")
      .option("--log <file>", "each matched rule as a line in ModSecurity's format")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison waf serve --rules crs/ --listen 127.0.0.1:8080 --upstream http://127.0.0.1:3000 --mode block\n  garrison waf serve --rules crs/ --ext-proc unix:/run/garrison/waf.sock",
      )
      .action(run<WafServeFlags>(async (context, input) => (await import("./run-serve.ts")).runServe(context, input)));
  },
};

function withDoors(command: Command): Command {
  return command
    .option("--rules <path...>", "rule folders and .conf files, in order (default: the system's Core Rule Set)")
    .option("--listen <address>", "reverse proxy on HOST:PORT, with --upstream")
    .option("--upstream <url>", "http://HOST:PORT, h2c://HOST:PORT or https://HOST:PORT")
    .option("--ext-proc <address>", "Envoy external processing on HOST:PORT or unix:PATH")
    .option("--ext-authz <address>", "Envoy external authorization on HOST:PORT or unix:PATH")
    .option("--auth-request <address>", "nginx auth_request on HOST:PORT or unix:PATH: headers only")
    .option(
      "--transparent <what...>",
      "turn connections of a network namespace, application unchanged: NETNS:PORT[:open|closed]; or policies (Linux, root)",
    )
    .option("--status <address>", "health, figures and Prometheus text on HOST:PORT");
}

function withServerFlags(command: Command): Command {
  return command
    .option("--server-address <host:port>", "agents' door of a Garrison server: policies from it, events to it")
    .option("--join-token <token>", "used only without a valid certificate")
    .option("--join-token-file <file>", "file with the join token")
    .option("--node <name>", "name of this node (default: HOST-waf)");
}

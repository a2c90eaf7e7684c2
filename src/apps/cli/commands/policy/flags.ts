// The flags that the policy commands share. Kept apart from what they need to run, which is loaded only when one does: every command of the program
// pays for what its list imports.
import { Option, type Command } from "commander";
import { Fault } from "../../../../base/fault.ts";

export const policyFormats = ["table", "json", "yaml"] as const;

export interface WorldFlags {
  readonly world?: readonly string[];
  readonly ranges?: readonly string[];
}

/** The flags of every command that judges flows: where the world is, and how to print. */
export function withInput(
  command: Command,
  worldHelp = "pods, namespaces, services, as kubectl get -o yaml prints them",
): Command {
  return command
    .addOption(new Option("-o, --output <format>", "how it is printed").choices(policyFormats))
    .option("--world <file...>", `${worldHelp}; files, folders or -`)
    .option(
      "--ranges <cidr...>",
      "the cluster's own prefixes: an address of them that nobody has is unknown, not outside (default: podCIDRs of nodes, and the /24 or /64 around each pod outside of those)",
    );
}

export interface FlowFlags {
  readonly from?: string;
  readonly to?: string;
  readonly port?: string;
  readonly sourcePort?: string;
  readonly name?: readonly string[];
}

export function withFlow(command: Command): Command {
  return command
    .option("--from <end>", "namespace/pod, namespace/workload, node/NAME or an address")
    .option("--to <end>", "the same")
    .option("--port <port>", "5432, 5432/tcp, 53/udp, icmp, icmp/8 (type), proto/47 (default: 80/tcp)")
    .option("--source-port <port>", "for rules that ask for it", "0")
    .option("--name <name...>", "DNS names that the source has looked up for the destination's address");
}

export interface FlowSourceFlags {
  readonly flows?: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly cluster: string;
  readonly filter?: string;
}

export function withFlowSource(command: Command): Command {
  return command
    .option("--flows <file...>", "JSON lines: recorded flows, or rows of garrison flows -o jsonl; - for standard input")
    .option("--since <time>", "from the server instead of a file: flows since 1h, 7d or RFC 3339")
    .option("--until <time>", "with --since: until 1h (ago) or RFC 3339")
    .option("--cluster <name>", "with --since: the cluster", "local")
    .option("--filter <terms>", "with --since: filter terms, as for garrison flows");
}

/** Without a file there is nothing to do: usage. */
export function needFiles(files: readonly string[]): readonly string[] {
  if (files.length > 0) return files;
  throw new Fault("no file was given", {
    code: "cli/usage",
    kind: "usage",
    hint: "name files or folders with policies, or - for standard input",
  });
}

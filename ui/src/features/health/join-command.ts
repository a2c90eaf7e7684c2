// The command that starts an agent elsewhere, with the agents' door as the server says it. Pure.
import type { Status } from "../../../../src/apps/server/contract/health.ts";

export interface JoinCommand {
  readonly command: string;
  /** What the reader has to know or change; empty when the command works as it is. */
  readonly note: string;
}

/** `host` is the name by which this browser reaches the server. Undefined: there is no door for agents. */
export function joinCommand(door: Status["agentsDoor"], token: string, host: string): JoinCommand | undefined {
  if (door === undefined || door.port === 0) return undefined;
  const { address, port, names } = door;
  const everywhere = address === "0.0.0.0" || address === "::";
  const loopback = /^(127\.|::1$|localhost$)/.test(address);
  const reached = names[0] ?? (everywhere ? host : address);
  const written = reached.includes(":") ? `[${reached.replace(/^\[|\]$/g, "")}]` : reached;
  return {
    command: `npx garrison run agent --join-token ${token} --server-address ${written}:${port}`,
    note: loopback
      ? "The agents’ door listens on this machine only, so the command works on this machine only. For others start the server with --agents-address and --agents-names."
      : "",
  };
}

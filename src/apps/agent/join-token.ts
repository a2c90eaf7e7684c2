// Where the join token comes from: configuration or a file, read only when the agent has to join.
import { readFile } from "node:fs/promises";
import { Fault } from "../../base/fault.ts";
import { parseJoinToken } from "../../edge/trust/join-token.ts";
import type { JoinToken } from "../../model/agent-protocol.ts";
import type { AgentConfig } from "./config.ts";

/** Undefined when none is configured. Faults name the file or the cluster, never the token. */
export async function readJoinToken(config: Pick<AgentConfig, "join" | "cluster">): Promise<JoinToken | undefined> {
  const text = config.join.token === "" ? await tokenOfFile(config.join.tokenFile) : config.join.token;
  if (text === "") return undefined;
  const token = parseJoinToken(text);
  if (config.cluster === "" || token.cluster === config.cluster) return token;
  throw new Fault(`the join token is for cluster ${token.cluster}, this agent shall join ${config.cluster}`, {
    code: "agent/other-cluster",
    kind: "usage",
    hint: "make a token for the cluster meant, or change the agent's setting cluster",
  });
}

async function tokenOfFile(path: string): Promise<string> {
  if (path === "") return "";
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (cause) {
    throw new Fault(`the join token's file ${path} cannot be read`, {
      code: "agent/token-file",
      kind: "usage",
      hint: "make it readable for the user that runs the agent",
      cause,
    });
  }
}

/** Where a server's agents' door is when nobody says otherwise. */
const doorPortDefault = "8687";

/** "host", "host:port" or "https://host:port" as the URL of the agents' door; without a port it is 8687, never HTTPS's own 443. */
export function doorUrl(address: string): URL {
  try {
    const url = new URL(address.includes("://") ? address : `https://${address}`);
    const isPlain = url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
    if (url.protocol === "https:" && url.hostname !== "" && isPlain) {
      // A written :443 is gone from the URL as well, so the text is asked.
      if (!/:\d+\/?$/.test(address)) url.port = doorPortDefault;
      return url;
    }
  } catch {
    // the fault below says what is wrong
  }
  throw new Fault(`${address} is not the address of an agents' door`, {
    code: "agent/server-address",
    kind: "usage",
    hint: "write host:port, for example 127.0.0.1:8687",
  });
}

/** "host:port", the port always there, for people. */
export function doorText(url: URL): string {
  return `${url.hostname}:${url.port === "" ? "443" : url.port}`;
}

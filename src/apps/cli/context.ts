// What every command gets: where it prints, what it may read, how it reaches the server. Made once in main.ts; tests make their own.
import { readFile } from "node:fs/promises";
import { Fault } from "../../base/fault.ts";
import { cliFile, defaultDataFolder } from "../../edge/config/data-folder.ts";
import type { CallOptions, ClientOptions } from "../server/contract/client.ts";
import type { Api, OperationName } from "../server/contract/api.ts";
import type { ResponseOf } from "../server/contract/endpoint.ts";
import type { Format } from "./output/format.ts";
import type { Paint } from "./output/paint.ts";

/** Flags that every command takes. */
export interface GlobalFlags {
  readonly data?: string;
  readonly server?: string;
  readonly token?: string;
  readonly output?: Format;
  readonly printQuery?: boolean;
  readonly color?: "auto" | "always" | "never";
  readonly width?: string;
}

export interface Context {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags: GlobalFlags;
  readonly paint: Paint;
  /** Columns of the terminal, or of --width; Infinity when the output is not a terminal. */
  readonly width: number;
  readonly isTerminal: boolean;
  nowMs(): number;
  /** One piece of data to standard output. Resolves when it was taken; a closed reader ends the process quietly. */
  print(text: string): Promise<void>;
  /** One line of talk to standard error. */
  say(line: string): void;
  readonly signal: AbortSignal;
  readonly fetch: typeof fetch;
}

export function dataFolderOf(context: Context): string {
  return context.flags.data ?? defaultDataFolder(context.environment);
}

/**
 * Address and credential of the server: --server/--token, then GARRISON_SERVER/GARRISON_TOKEN, then the data folder's cli.json.
 * The data folder's credential is for its own server only: to another address it is never sent.
 */
export async function clientOf(context: Context): Promise<ClientOptions> {
  const base = context.flags.server ?? context.environment["GARRISON_SERVER"];
  const token = context.flags.token ?? context.environment["GARRISON_TOKEN"];
  if (base !== undefined && token !== undefined) return client(context, base, token);
  const file = cliFile(dataFolderOf(context));
  const local = await readLocal(file);
  if (local === undefined) {
    throw new Fault(`no server found: ${file} is not there`, {
      code: "cli/no-server",
      kind: "unavailable",
      hint: "start one with `npm start` (or `garrison up`), name its data folder with --data or GARRISON_DATA, or a server with --server URL --token TOKEN",
    });
  }
  if (token === undefined && base !== undefined && !isSameServer(base, local.url)) {
    throw new Fault(`no token for ${base}: the one of ${file} is for ${local.url} only`, {
      code: "cli/no-token",
      kind: "usage",
      hint: "give --token, or GARRISON_TOKEN",
    });
  }
  const isLocal = base === undefined || isSameServer(base, local.url);
  const fetch =
    isLocal && local.certificateSha256 !== ""
      ? (await import("./pinned-fetch.ts")).pinnedFetch(local.certificateSha256)
      : context.fetch;
  return { ...client(context, base ?? local.url, token ?? local.token), fetch };
}

/** Whether both name one server: the same scheme and port, and the same host or both of them this machine's loopback. */
function isSameServer(one: string, other: string): boolean {
  const [left, right] = [URL.parse(one), URL.parse(other)];
  if (left === null || right === null || left.protocol !== right.protocol || left.port !== right.port) return false;
  const isLocal = ({ hostname }: URL): boolean => ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  return left.hostname === right.hostname || (isLocal(left) && isLocal(right));
}

/** What the server wrote for this machine: its address, a credential, and host:port of the agents' door. */
export interface LocalServer {
  readonly url: string;
  readonly token: string;
  readonly agents: string;
  /** SHA-256 of the certificate that it shows; "" without TLS. */
  readonly certificateSha256: string;
}

/** The file as the server wrote it; undefined when there is none. */
export async function readLocal(file: string): Promise<LocalServer | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Fault(`cannot read ${file}`, {
      code: "cli/no-credential",
      kind: "forbidden",
      hint: "run the command as the user who started the server, or use --server and --token",
      cause,
    });
  }
  try {
    const { url, token, agents = "", certificateSha256 = "" } = JSON.parse(text) as Partial<LocalServer>;
    if (typeof url === "string" && typeof token === "string") return { url, token, agents, certificateSha256 };
  } catch {
    // Whatever is wrong with it, the fault below says what to do.
  }
  throw new Fault(`${file} is damaged`, {
    code: "cli/no-credential",
    kind: "internal",
    hint: "restart the server, which writes it again, or use --server and --token",
  });
}

function client(context: Context, base: string, token: string): ClientOptions {
  return { base: base.replace(/\/$/, ""), headers: { authorization: `Bearer ${token}` }, fetch: context.fetch };
}

/** After so long somebody who waits at a terminal is told that it is the server that takes its time. */
export const slowMs = 2000;
const slowLine =
  "still looking: the machine is busy, or much is kept of this time (a narrower filter or --since asks less)";

/** Calls an operation; an unreachable server becomes a fault with the address in it. With --print-query the call is shown first. */
export async function ask<Name extends OperationName>(
  context: Context,
  name: Name,
  options: CallOptions<Api[Name]>,
): Promise<ResponseOf<Api[Name]>> {
  const to = await clientOf(context);
  // The whole contract with its schemas: only a command that asks a server pays for it.
  const { call, urlOf } = await import("../server/contract/client.ts");
  if (context.flags.printQuery === true) context.say(urlOf(to.base, name, options));
  const slow = context.isTerminal ? setTimeout(() => context.say(slowLine), slowMs) : undefined;
  try {
    return await call(to, name, { ...options, signal: context.signal });
  } catch (error) {
    throw asReachable(error, to.base);
  } finally {
    clearTimeout(slow);
  }
}

/** fetch throws a bare TypeError when nobody listens: say who, and what to do. */
export function asReachable(error: unknown, base: string): unknown {
  if (error instanceof Fault || (error as Error).name === "AbortError") return error;
  return new Fault(`the server at ${base} does not answer`, {
    code: "cli/unreachable",
    kind: "unavailable",
    hint: "is it running? `npm start` starts it; `garrison status` says how it is",
    cause: error,
  });
}

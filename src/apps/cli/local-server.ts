// The server of a data folder, as apps that run beside it reach it: address, credential and agents' door of its cli.json.
import { Fault } from "../../base/fault.ts";
import { cliFile } from "../../edge/config/data-folder.ts";
import type { ClientOptions } from "../server/contract/client.ts";
import { readLocal } from "./context.ts";
import { pinnedFetch } from "./pinned-fetch.ts";

export interface LocalAccess {
  readonly client: ClientOptions;
  /** host:port of the agents' door. */
  readonly agents: string;
}

/** Read anew at each call: a restart of the server may change all of it. Throws a Fault when there is none. */
export async function localServer(data: string): Promise<LocalAccess> {
  const file = cliFile(data);
  const local = await readLocal(file);
  if (local === undefined) {
    throw new Fault(`no server found: ${file} is not there`, {
      code: "cli/no-server",
      kind: "unavailable",
      hint: "start one with `npm start` (or `garrison up`), or name its data folder with --data or GARRISON_DATA",
    });
  }
  const { url, token, agents, certificateSha256 } = local;
  const fetch = certificateSha256 === "" ? globalThis.fetch : pinnedFetch(certificateSha256);
  return { client: { base: url.replace(/\/$/, ""), headers: { authorization: `Bearer ${token}` }, fetch }, agents };
}

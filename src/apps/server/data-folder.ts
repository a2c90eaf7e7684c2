// The server's part of the data folder: made 0700, and the 0600 file by which the command line on this machine finds and proves itself.
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { StateStore } from "../../core/state/ports.ts";
import { makeDataFolder } from "../../edge/config/data-folder.ts";
import { newSecret } from "./http/callers.ts";
import type { TokenOwner } from "./one-time-token.ts";

/** Makes the data folder (0700) when it is not there. Throws `server/data-folder`, `config/data-folder` when it cannot. */
export async function prepareDataFolder(folder: string): Promise<void> {
  if (!path.isAbsolute(folder)) {
    throw new Fault(`the data folder must be an absolute path, not ${JSON.stringify(folder)}`, {
      code: "server/data-folder",
      kind: "usage",
      where: "data",
    });
  }
  await makeDataFolder(folder);
}

/** Makes the folders in it that the server owns; to be called as the user who owns the data folder. */
export async function prepareServerFolders(folder: string): Promise<void> {
  for (const name of ["run", "spool", "pki"]) await makePrivate(path.join(folder, name), folder);
}

async function makePrivate(place: string, folder: string): Promise<void> {
  try {
    await mkdir(place, { recursive: true, mode: 0o700 });
    await chmod(place, 0o700);
  } catch (cause) {
    throw new Fault(`the data folder ${folder} cannot be used: ${(cause as Error).message}`, {
      code: "server/data-folder",
      kind: "usage",
      hint: "--data names a folder that the server's user owns",
      cause,
    });
  }
}

/** Disposing it takes the file away, and the token with it. */
export interface LocalCredential extends AsyncDisposable {
  readonly token: string;
  readonly owner: TokenOwner;
}

const owner: TokenOwner = { user: "local", role: "admin", origin: "console" };

/** What run/cli.json says: where console and agents' door are, and a credential. */
export interface LocalDoors {
  readonly url: string;
  /** "127.0.0.1:8687"; empty without an agents' door. */
  readonly agents: string;
  /** SHA-256 of the console's certificate; "" without TLS. */
  readonly certificateSha256: string;
}

/** Writes run/cli.json (`{ url, agents, token }` and with TLS `certificateSha256`, 0600, whole or not at all). The token is new at each start and the one before ends. */
export async function writeLocalCredential(
  folder: string,
  { url, agents, certificateSha256 }: LocalDoors,
  state: StateStore,
  clock: Clock,
): Promise<LocalCredential> {
  for (const old of await state.tokens.list("local", clock.nowMs())) await state.tokens.remove(old.id);
  const { secret, secretSha256 } = newSecret("local");
  const { id } = await state.tokens.create({
    name: "run/cli.json",
    user: owner.user,
    role: owner.role,
    use: "local",
    createdAtMs: clock.nowMs(),
    expiresAtMs: undefined,
    secretSha256,
  });
  const file = path.join(folder, "run", "cli.json");
  const temporary = `${file}.${process.pid}`;
  const said = { url, agents, token: secret, ...(certificateSha256 === "" ? {} : { certificateSha256 }) };
  await writeFile(temporary, `${JSON.stringify(said)}\n`, { mode: 0o600 });
  await rename(temporary, file);
  return {
    token: secret,
    owner,
    async [Symbol.asyncDispose]() {
      await rm(file, { force: true });
      await state.tokens.remove(id);
    },
  };
}

// Trust that exists before the server does: `garrison install` makes a CA and a join token, the server takes both at its first start.
// Promises: an authority that is there is never replaced; key and certificate are taken only when they belong together.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { JoinToken } from "../../model/agent-protocol.ts";
import { keepAuthority, newAuthority, type AuthorityPem } from "./certificate-authority.ts";
import { preparePkiFolder, readPem } from "./certificate-files.ts";
import { formatJoinToken, makeJoinSecret, parseJoinToken } from "./join-token.ts";

/** Names of the files in a seed folder, and of the keys in the Secret that is mounted there. */
export const seedFiles = { key: "ca.key", certificate: "ca.crt", token: "join-token" } as const;

export interface TrustSeed extends AuthorityPem {
  /** The token's text; it holds the secret. */
  readonly joinToken: string;
}

/** A new authority and a token for agents of this cluster that trusts it. */
export async function makeTrustSeed(cluster: string, clock: Clock): Promise<TrustSeed> {
  const { keyPem, certificatePem, caSha256 } = await newAuthority(clock);
  return { keyPem, certificatePem, joinToken: formatJoinToken({ secret: makeJoinSecret(), cluster, caSha256 }) };
}

/**
 * Takes the seed's authority into a pki folder that has none. Returns a line for people when the folder has another one ("" otherwise):
 * agents trust that one. Throws `trust/bad-seed` for half a seed or a key that is not the certificate's.
 */
export async function plantAuthority(folder: string, seedFolder: string): Promise<string> {
  const keyPem = await readPem(seedFolder, seedFiles.key);
  const certificatePem = await readPem(seedFolder, seedFiles.certificate);
  if (keyPem === undefined && certificatePem === undefined) return "";
  if (keyPem === undefined || certificatePem === undefined) throw badSeed(seedFolder, "it has only half of a CA");
  await preparePkiFolder(folder);
  const kept = await readPem(folder, "ca.crt");
  if (kept === undefined && (await readPem(folder, "ca.key")) === undefined) {
    checkPair(seedFolder, { keyPem, certificatePem });
    await keepAuthority(folder, { keyPem, certificatePem });
    return "";
  }
  if (kept?.trim() === certificatePem.trim()) return "";
  return `the CA of ${seedFolder} is not taken, because this server has one already: tokens made with it are refused by agents`;
}

/** The seed's join token, or undefined when there is none. Throws `trust/bad-token`, which never repeats it. */
export async function readSeedToken(seedFolder: string): Promise<JoinToken | undefined> {
  const file = path.join(seedFolder, seedFiles.token);
  try {
    return parseJoinToken(await readFile(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function checkPair(seedFolder: string, { keyPem, certificatePem }: AuthorityPem): void {
  let isPair = false;
  try {
    const certificate = new X509Certificate(certificatePem);
    isPair = certificate.ca && certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch (cause) {
    throw badSeed(seedFolder, "its key or certificate cannot be read", cause);
  }
  if (!isPair) throw badSeed(seedFolder, "its certificate is no CA of its key");
}

function badSeed(seedFolder: string, because: string, cause?: unknown): Fault {
  return new Fault(`the trust in ${seedFolder} is not taken: ${because}`, {
    code: "trust/bad-seed",
    kind: "usage",
    hint: `make it again with garrison install, or remove ${seedFiles.key} and ${seedFiles.certificate}: the server then makes its own`,
    cause,
  });
}

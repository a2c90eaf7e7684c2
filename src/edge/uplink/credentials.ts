// The agent's key, certificate and the CA it trusts, as files of its folder (0600). The key is made here and never leaves.
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";

const fileName = "credentials.json";

const Credentials = z.strictObject({
  keyPem: z.string(),
  certificatePem: z.string(),
  caPem: z.string(),
  cluster: z.string(),
  node: z.string(),
});
/** One file, so that a key never stands beside another key's certificate. */
export type Credentials = z.infer<typeof Credentials>;

/** What was saved, or undefined when there is nothing usable (said in the log: the agent joins again). */
export async function loadCredentials(folder: string, logger: Logger): Promise<Credentials | undefined> {
  const path = join(folder, fileName);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Fault(`${path} cannot be read`, {
      code: "uplink/credentials",
      kind: "internal",
      hint: "make the file readable for the user that runs the agent, or remove it and join again",
      cause,
    });
  }
  try {
    const credentials = Credentials.parse(JSON.parse(text));
    const certificate = new X509Certificate(credentials.certificatePem);
    if (certificate.checkPrivateKey(createPrivateKey(credentials.keyPem))) return credentials;
    logger.warn({ path }, "the saved key does not belong to the saved certificate; joining again");
  } catch (error) {
    // The parser's message may quote the text, which holds the key: only its kind is logged.
    logger.warn({ path, error: (error as Error).name }, "the saved credentials are damaged; joining again");
  }
  return undefined;
}

/** Whole or not at all; folder 0700, file 0600. */
export async function saveCredentials(folder: string, credentials: Credentials): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, fileName);
  await writeFile(`${path}.tmp`, `${JSON.stringify(credentials, undefined, 2)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.tmp`, path);
}

/** The certificate's life in milliseconds since the epoch. */
export function lifeOf(credentials: Credentials): { readonly fromMs: number; readonly toMs: number } {
  const certificate = new X509Certificate(credentials.certificatePem);
  return { fromMs: Date.parse(certificate.validFrom), toMs: Date.parse(certificate.validTo) };
}

/** SHA-256 of the CA certificate's DER bytes, lower-case hex: what a join token carries. */
export function caSha256Of(caPem: string): string {
  return createHash("sha256").update(new X509Certificate(caPem).raw).digest("hex");
}

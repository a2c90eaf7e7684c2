// Ed25519 signatures of manifests (DSSE): keys made, manifests signed and verified. A private key is a file of its owner; a public one is given to readers apart from the database.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { Fault } from "../../base/fault.ts";
import { unreadableFile } from "../../base/unreadable-file.ts";
import { payloadType, type Envelope, type Manifest, type ReadManifest } from "./manifest.ts";

/** DSSE's pre-authentication encoding: type and length are signed, too. */
function signedBytes(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]);
}

/** The first 16 hexadecimal digits of the public key's SHA-256 (SPKI, DER). */
export function keyIdOf(key: KeyObject): string {
  const spki = (key.type === "private" ? createPublicKey(key) : key).export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex").slice(0, 16);
}

/** A new pair in two files: PKCS #8 (0600) and SPKI, both PEM. Existing files are not replaced. Returns the key's id. */
export function writeKeyPair(privateFile: string, publicFile: string): string {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  try {
    writeFileSync(privateFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx" });
    writeFileSync(publicFile, publicKey.export({ type: "spki", format: "pem" }), { mode: 0o644, flag: "wx" });
  } catch (cause) {
    throw new Fault(`cannot write the key: ${(cause as Error).message}`, {
      code: "advisories/key-exists",
      kind: "conflict",
      hint: "name other files: a key is never replaced",
      cause,
    });
  }
  return keyIdOf(publicKey);
}

/** Throws `advisories/bad-key` for what is no Ed25519 key, or a private one that others can read. */
export function readSigningKey(file: string): KeyObject {
  // oxlint-disable-next-line no-bitwise -- permission bits
  if ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o077)
    throw badKey(file, "others can read it: chmod 600");
  return readKey(file, createPrivateKey);
}

export function readPublicKey(file: string): KeyObject {
  return readKey(file, createPublicKey);
}

function readKey(file: string, parse: (pem: string) => KeyObject): KeyObject {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw unreadableFile(file, cause, {
      what: "the key",
      code: "advisories/bad-key",
      hint: "`garrison db keygen` makes a pair",
    });
  }
  let key: KeyObject;
  try {
    key = parse(text);
  } catch (cause) {
    throw badKey(file, (cause as Error).message);
  }
  if (key.asymmetricKeyType !== "ed25519") throw badKey(file, "it is not an Ed25519 key");
  return key;
}

function badKey(file: string, why: string): Fault {
  return new Fault(`the key ${file} cannot be used: ${why}`, {
    code: "advisories/bad-key",
    kind: "usage",
    hint: "`garrison db keygen` makes a pair",
  });
}

/** The manifest's file, signed when there is a key. */
export function sealManifest(manifest: Manifest, key: KeyObject | undefined): string {
  const payload = Buffer.from(JSON.stringify(manifest));
  const signatures =
    key === undefined ? [] : [{ keyid: keyIdOf(key), sig: sign(null, signedBytes(payload), key).toString("base64") }];
  const envelope: Envelope = { payloadType, payload: payload.toString("base64"), signatures };
  return `${JSON.stringify(envelope)}\n`;
}

/** The id of the key that signed it. Throws `advisories/bad-signature` when none of the keys did. */
export function verifyManifest({ envelope }: ReadManifest, keys: readonly KeyObject[]): string {
  const bytes = signedBytes(Buffer.from(envelope.payload, "base64"));
  for (const { sig } of envelope.signatures) {
    const signer = keys.find((key) => verify(null, bytes, key, Buffer.from(sig, "base64")));
    if (signer !== undefined) return keyIdOf(signer);
  }
  const by =
    envelope.signatures.length === 0
      ? "it is not signed"
      : `it is signed by ${envelope.signatures
          .map(({ keyid }) => keyid)
          .join(", ")
          .slice(0, 200)}, not by a key that is trusted here`;
  throw new Fault(`the advisory database is not to be trusted: ${by}`, {
    code: "advisories/bad-signature",
    kind: "forbidden",
    hint: "fetch it again from where it was signed, or name its public key",
  });
}

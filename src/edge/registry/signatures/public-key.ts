// Public keys as people have them, and what they signed. Which digest goes with which key follows the field: SHA-256, or the curve's own.
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { Fault } from "../../../base/fault.ts";
import { signatureLimits } from "./policy.ts";

export interface PublicKey {
  /** "ECDSA P-256", "RSA 4096", "Ed25519". */
  readonly name: string;
  verifies(message: Uint8Array, signature: Uint8Array): boolean;
}

const rsaBitsMin = 2048;

/** PEM text to a key. Throws Fault "registry/bad-key"; a private key given by mistake is told, not used. */
export function readPublicKey(pem: string): PublicKey {
  if (pem.length > signatureLimits.keyBytesMax) throw badKey("it is too long");
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) throw badKey("it is a private key: give the public one");
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw badKey("it is no public key in PEM");
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType === "ed25519") return keyOf(key, "Ed25519", [null]);
  if (asymmetricKeyType === "rsa") {
    const bits = asymmetricKeyDetails?.modulusLength ?? 0;
    if (bits < rsaBitsMin) throw badKey(`RSA keys need ${rsaBitsMin} bits, it has ${bits}`);
    return keyOf(key, `RSA ${bits}`, ["sha256", "sha384", "sha512"]);
  }
  const curve = curves[asymmetricKeyDetails?.namedCurve ?? ""];
  if (asymmetricKeyType !== "ec" || curve === undefined)
    throw badKey("only ECDSA (P-256, P-384, P-521), RSA and Ed25519 are known");
  return keyOf(key, `ECDSA ${curve.name}`, curve.digests);
}

const curves: Readonly<Record<string, { readonly name: string; readonly digests: readonly string[] }>> = {
  prime256v1: { name: "P-256", digests: ["sha256"] },
  secp384r1: { name: "P-384", digests: ["sha384", "sha256"] },
  secp521r1: { name: "P-521", digests: ["sha512", "sha256"] },
};

function keyOf(key: KeyObject, name: string, digests: readonly (string | null)[]): PublicKey {
  return {
    name,
    verifies: (message, signature) => digests.some((digest) => isSignedBy(key, digest, message, signature)),
  };
}

function isSignedBy(key: KeyObject, digest: string | null, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(digest, message, key, signature);
  } catch {
    // A signature that is not even formed as one is no signature of this key.
    return false;
  }
}

function badKey(because: string): Fault {
  return new Fault(`the public key cannot be used: ${because}`, { code: "registry/bad-key", kind: "usage" });
}

/** What DSSE signs (its pre-authentication encoding): lengths make type and payload unmistakable. */
export function dsseMessage(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType);
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `), payload]);
}

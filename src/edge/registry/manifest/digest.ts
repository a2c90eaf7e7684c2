// Digests of content: checked before anything is parsed out of it.
import { createHash, type Hash } from "node:crypto";
import { Fault } from "../../../base/fault.ts";
import { isDigest } from "../../../core/image/reference.ts";

const algorithms: ReadonlySet<string> = new Set(["sha256", "sha384", "sha512"]);

export function sha256Of(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Throws Fault "registry/bad-digest" when `digest` is not written as one, "registry/digest-unknown" when its algorithm is not one of ours. */
export function hashFor(digest: string, what: string): Hash {
  if (!isDigest(digest)) {
    const shown = digest.slice(0, 100).replaceAll(/[^ -~]/g, "?");
    throw new Fault(`${what}: "${shown}" is no digest`, { code: "registry/bad-digest", kind: "usage" });
  }
  const algorithm = digest.slice(0, digest.indexOf(":"));
  if (!algorithms.has(algorithm)) {
    throw new Fault(`${what}: digests of ${algorithm} cannot be checked`, {
      code: "registry/digest-unknown",
      kind: "usage",
      hint: "sha256, sha384 and sha512 are known",
    });
  }
  return createHash(algorithm);
}

/** Throws Fault "registry/digest-mismatch" unless `bytes` have this digest. */
export function verifyDigest(bytes: Uint8Array, digest: string, what: string): void {
  const found = hashFor(digest, what).update(bytes).digest("hex");
  if (digest.endsWith(`:${found}`)) return;
  throw digestMismatch(what, digest, `${digest.slice(0, digest.indexOf(":"))}:${found}`);
}

export function digestMismatch(what: string, wanted: string, found: string): Fault {
  return new Fault(`${what}: its content is ${found}, but ${wanted} was named`, {
    code: "registry/digest-mismatch",
    kind: "usage",
    hint: "the content was changed or cut on its way or in its store: nothing of it was kept",
  });
}

// Who must have signed which images: authorities (keys, or identities with their issuer), any or all of them, with the attestations that must be there.
import { createHash } from "node:crypto";
import { z } from "zod";
import type { ImageReference } from "../../../core/image/reference.ts";

export const signatureLimits = {
  authoritiesMax: 50,
  patternsMax: 200,
  /** Signatures and attestations of one image that are looked at. */
  signaturesMax: 100,
  /** Documents (lists, manifests, payloads) that are fetched for one image. */
  fetchesMax: 400,
  payloadBytesMax: 1024 * 1024,
  /** SBOMs in attestations are long. */
  attestationBytesMax: 32 * 1024 * 1024,
  trustedRootBytesMax: 4 * 1024 * 1024,
  keyBytesMax: 64 * 1024,
} as const;

const Common = {
  /** For messages and verdicts. */
  name: z.string().min(1).max(256),
  /** Predicate types, as addresses or short names (slsa, spdx, cyclonedx, openvex): each must be attested. Empty: a signature is what is asked for. */
  attestations: z.array(z.string().min(1).max(512)).max(50).default([]),
};

export const KeyAuthority = z.object({
  kind: z.literal("key"),
  ...Common,
  /** PEM: ECDSA (P-256, P-384, P-521), RSA of at least 2048 bits, or Ed25519. */
  publicKey: z.string().max(signatureLimits.keyBytesMax),
});

export const KeylessAuthority = z.object({
  kind: z.literal("keyless"),
  ...Common,
  /** The signer's name in the certificate, exactly; or, with stars, a pattern in which "*" stands for anything but "/" and "**" for anything. */
  identity: z.string().min(1).max(2048),
  /** Who vouched for it, exactly: "https://token.actions.githubusercontent.com". */
  issuer: z.string().min(1).max(2048),
  /** sigstore's trusted_root.json: authorities and logs that are believed. */
  trustedRoot: z.string().max(signatureLimits.trustedRootBytesMax),
  /** Certificates must have been logged; a private authority may have no such log. */
  certificateLog: z.enum(["required", "not-required"]).default("required"),
});

export const Authority = z.discriminatedUnion("kind", [KeyAuthority, KeylessAuthority]);
export type Authority = z.infer<typeof Authority>;

export const SignaturePolicy = z.object({
  /** Repositories it is for: "registry/repository", "*" within a part, "**" over parts. Empty: all. */
  images: z.array(z.string().min(1).max(512)).max(signatureLimits.patternsMax).default([]),
  require: z.enum(["any", "all"]).default("any"),
  authorities: z
    .array(Authority)
    .min(1)
    .max(signatureLimits.authoritiesMax)
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, "two authorities have one name"),
  /** What a signature says it is for: its repository must be the image's, or it may be any (an image that was copied with its signatures). */
  repository: z.enum(["same", "any"]).default("same"),
});
export type SignaturePolicy = z.infer<typeof SignaturePolicy>;

/** Names the policy's content: a verdict holds for a digest under a policy. */
export function policyHash(policy: SignaturePolicy): string {
  return createHash("sha256").update(JSON.stringify(policy)).digest("hex");
}

export function isCovered(policy: SignaturePolicy, { registry, repository }: ImageReference): boolean {
  const name = `${registry}/${repository}`;
  return policy.images.length === 0 || policy.images.some((pattern) => globMatches(pattern, name));
}

/**
 * "*" stands for any characters but "/", "**" for any. In time proportional to pattern by text, without backtracking: the set of places in the
 * pattern is stepped along the text.
 */
export function globMatches(pattern: string, text: string): boolean {
  const tokens = pattern.match(/\*\*|\*|[^*]/gsu) ?? [];
  const isStar = (place: number): boolean => tokens[place]?.[0] === "*";
  const spread = (places: Set<number>): Set<number> => {
    for (const place of places) if (isStar(place)) places.add(place + 1);
    return places;
  };
  let places = spread(new Set([0]));
  for (const character of text) {
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token === "**" || (token === "*" && character !== "/")) next.add(place);
      else if (token === character) next.add(place + 1);
    }
    places = spread(next);
    if (places.size === 0) return false;
  }
  return places.has(tokens.length);
}

const shortNames: Readonly<Record<string, readonly string[]>> = {
  slsa: ["https://slsa.dev/provenance/"],
  slsaprovenance: ["https://slsa.dev/provenance/"],
  spdx: ["https://spdx.dev/Document"],
  spdxjson: ["https://spdx.dev/Document"],
  cyclonedx: ["https://cyclonedx.org/bom"],
  sbom: ["https://spdx.dev/Document", "https://cyclonedx.org/bom"],
  openvex: ["https://openvex.dev/ns"],
  vex: ["https://openvex.dev/ns"],
  vuln: ["https://cosign.sigstore.dev/attestation/vuln/"],
};

/** Whether an attestation of type `found` is what "openvex" or an address asks for; a version at the end of `found` is not looked at. */
export function isPredicate(wanted: string, found: string): boolean {
  const addresses = Object.hasOwn(shortNames, wanted.toLowerCase()) ? shortNames[wanted.toLowerCase()]! : [wanted];
  return addresses.some((address) => {
    if (!found.startsWith(address)) return false;
    const rest = found.slice(address.length);
    return rest === "" || address.endsWith("/") || rest.startsWith("/");
  });
}

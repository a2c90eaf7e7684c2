// sigstore's trusted_root.json, read with bounds into what its verifier takes: certificate authorities, time stampers and logs, each with the time it was good for.
import { z } from "zod";
import { toTrustMaterial, type TrustMaterialOf } from "./verifier.ts";
import { Fault } from "../../../base/fault.ts";
import { parseJson } from "../manifest/bounded-json.ts";
import { signatureLimits } from "./policy.ts";

const Bytes = z
  .string()
  .max(64 * 1024)
  .transform((text) => Buffer.from(text, "base64"));
const Time = z
  .string()
  .max(64)
  .transform((text) => new Date(text))
  .refine((date) => !Number.isNaN(date.getTime()), "no time");
const ValidFor = z.object({ start: Time.optional(), end: Time.optional() });

const Log = z.object({
  baseUrl: z.string().max(2048).default(""),
  publicKey: z.object({ rawBytes: Bytes, keyDetails: z.string().max(64).default(""), validFor: ValidFor.optional() }),
  logId: z.object({ keyId: Bytes }),
  checkpointKeyId: z.object({ keyId: Bytes }).optional(),
});
const Authority = z.object({
  uri: z.string().max(2048).default(""),
  certChain: z.object({
    certificates: z
      .array(z.object({ rawBytes: Bytes }))
      .min(1)
      .max(20),
  }),
  validFor: ValidFor.optional(),
});
const TrustedRoot = z.object({
  tlogs: z.array(Log).max(50).default([]),
  certificateAuthorities: z.array(Authority).max(50).default([]),
  ctlogs: z.array(Log).max(50).default([]),
  timestampAuthorities: z.array(Authority).max(50).default([]),
});

/** Numbers of sigstore's PublicKeyDetails; the verifier asks only whether a key is RSA in PKCS #1. */
const keyDetails: Readonly<Record<string, number>> = {
  PKCS1_RSA_PKCS1V5: 1,
  PKIX_RSA_PKCS1V5: 3,
  PKIX_ECDSA_P256_SHA_256: 5,
  PKIX_ED25519: 7,
  PKIX_RSA_PKCS1V15_2048_SHA256: 9,
  PKIX_RSA_PKCS1V15_3072_SHA256: 10,
  PKIX_RSA_PKCS1V15_4096_SHA256: 11,
};

/** Throws Fault "registry/bad-trusted-root". */
export async function readTrustedRoot(text: string): Promise<TrustMaterialOf> {
  const limits = { bytesMax: signatureLimits.trustedRootBytesMax, depthMax: 32, valuesMax: 100_000 };
  try {
    const data = TrustedRoot.parse(parseJson(Buffer.from(text), "the trusted root", limits));
    const log = (entry: z.infer<typeof Log>) => ({
      ...entry,
      hashAlgorithm: 1,
      operator: "",
      publicKey: { ...entry.publicKey, keyDetails: keyDetails[entry.publicKey.keyDetails] ?? 0 },
    });
    const authority = (entry: z.infer<typeof Authority>) => ({ ...entry, subject: undefined, operator: "" });
    return await toTrustMaterial({
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: data.tlogs.map(log),
      ctlogs: data.ctlogs.map(log),
      certificateAuthorities: data.certificateAuthorities.map(authority),
      timestampAuthorities: data.timestampAuthorities.map(authority),
    });
  } catch (thrown) {
    const because = thrown instanceof z.ZodError ? (thrown.issues[0]?.path.join(".") ?? "") : "it cannot be read";
    throw new Fault(`the trusted root cannot be used: ${because}`, {
      code: "registry/bad-trusted-root",
      kind: "usage",
      hint: "give sigstore's trusted_root.json (cosign trusted-root create writes one)",
      cause: thrown,
    });
  }
}

// cosign's older form of a keyless signature (certificate and log entry as annotations) as a bundle that sigstore's library verifies.
import { createHash, X509Certificate } from "node:crypto";
import { z } from "zod";
import { parseJson } from "../manifest/bounded-json.ts";
import type { Envelope, Materials } from "./collect.ts";

const LogEntry = z.object({
  SignedEntryTimestamp: z.string().max(4096),
  Payload: z.object({
    body: z.string().max(4 * 1024 * 1024),
    integratedTime: z.int().min(1),
    logIndex: z.int().min(0),
    logID: z.string().regex(/^[0-9a-f]{64}$/),
  }),
});
const EntryBody = z.object({ apiVersion: z.string().max(32), kind: z.string().max(64) });

export type SignedContent =
  | { readonly kind: "message"; readonly payload: Uint8Array; readonly signature: Uint8Array }
  | { readonly kind: "envelope"; readonly envelope: Envelope };

/** The bundle, or a text that says what is missing. */
export function bundleOf(content: SignedContent, materials: Materials): object | string {
  if (materials.certificate === "") return "it has no certificate";
  if (materials.logEntry === "") return "it has no entry of a transparency log";
  const certificate = derOf(materials.certificate);
  if (certificate === undefined) return "its certificate cannot be read";
  const entry = entryOf(materials.logEntry);
  if (entry === undefined) return "its log entry is not as cosign writes it";
  const { Payload: logged, SignedEntryTimestamp: signedEntryTimestamp } = entry.data;
  return {
    mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1",
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: certificate }] },
      tlogEntries: [
        {
          logIndex: String(logged.logIndex),
          logId: { keyId: Buffer.from(logged.logID, "hex").toString("base64") },
          kindVersion: { kind: entry.body.kind, version: entry.body.apiVersion },
          integratedTime: String(logged.integratedTime),
          inclusionPromise: { signedEntryTimestamp },
          canonicalizedBody: logged.body,
        },
      ],
    },
    ...contentOf(content),
  };
}

function contentOf(content: SignedContent): object {
  if (content.kind === "envelope") {
    const { payloadType, payload, signatures } = content.envelope;
    const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
    return {
      dsseEnvelope: {
        payloadType,
        payload: base64(payload),
        signatures: signatures.map((each) => ({ sig: base64(each) })),
      },
    };
  }
  const digest = createHash("sha256").update(content.payload).digest("base64");
  const signature = Buffer.from(content.signature).toString("base64");
  return { messageSignature: { messageDigest: { algorithm: "SHA2_256", digest }, signature } };
}

/** The first certificate of a PEM text, as DER in base64. */
function derOf(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).raw.toString("base64");
  } catch {
    return undefined;
  }
}

function entryOf(text: string): { data: z.infer<typeof LogEntry>; body: z.infer<typeof EntryBody> } | undefined {
  try {
    const data = LogEntry.parse(parseJson(Buffer.from(text), "log entry"));
    const body = EntryBody.parse(parseJson(Buffer.from(data.Payload.body, "base64"), "log entry"));
    return { data, body };
  } catch {
    return undefined;
  }
}

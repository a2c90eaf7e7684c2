// Signatures and attestations of a digest as a registry keeps them: cosign's tags (sha256-<hex>.sig, .att) and referrers (bundles, cosign's artifacts). Nothing is believed yet.
import { Fault } from "../../../base/fault.ts";
import { parseJson } from "../manifest/bounded-json.ts";
import { type Descriptor, parseManifest } from "../manifest/manifest.ts";
import type { Repository } from "../registry/repository.ts";
import { printable } from "./payloads.ts";
import { signatureLimits } from "./policy.ts";

/** Certificates and log entries that came beside a signature. */
export interface Materials {
  readonly certificate: string;
  readonly logEntry: string;
}

export type Signed =
  | {
      readonly kind: "simple-signing";
      readonly payload: Uint8Array;
      readonly signature: Uint8Array;
      readonly materials: Materials;
      readonly from: string;
    }
  | { readonly kind: "envelope"; readonly envelope: Envelope; readonly materials: Materials; readonly from: string }
  /** sigstore's bundle, as JSON. */
  | {
      readonly kind: "bundle";
      readonly bundle: unknown;
      readonly envelope: Envelope | undefined;
      readonly from: string;
    };

export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly Uint8Array[];
}

export interface Collected {
  readonly signed: readonly Signed[];
  /** What could not be read or was over a limit: when nothing good is found these are the reason that it is not known. */
  readonly problems: readonly string[];
}

const types = {
  simpleSigning: "application/vnd.dev.cosign.simplesigning.v1+json",
  envelope: "application/vnd.dsse.envelope.v1+json",
  bundle: /^application\/vnd\.dev\.sigstore\.bundle(?:\.v\d+\.\d+)?\+json/,
  artifact: /^application\/vnd\.dev\.cosign\.artifact\.(?:sig|att)\.v1\+json$/,
} as const;

const annotation = {
  signature: "dev.cosignproject.cosign/signature",
  certificate: "dev.sigstore.cosign/certificate",
  logEntry: "dev.sigstore.cosign/bundle",
} as const;

interface Collecting {
  readonly repository: Repository;
  readonly signal: AbortSignal;
  readonly signed: Signed[];
  readonly problems: string[];
  fetches: number;
}

/** Never rejects for what a stranger can put into a registry; it does when the registry cannot be asked at all. */
export async function collectSigned(repository: Repository, digest: string, signal: AbortSignal): Promise<Collected> {
  const work: Collecting = { repository, signal, signed: [], problems: [], fetches: 0 };
  const tag = digest.replace(":", "-").slice(0, 120);
  for (const suffix of ["sig", "att"]) await fromManifest(work, `${tag}.${suffix}`);
  for (const entry of await repository.referrers(digest, "", signal)) {
    const type = entry.artifactType;
    // Registries without the API may list entries without their type.
    if (type === "" || types.bundle.test(type) || types.artifact.test(type)) await fromManifest(work, entry.digest);
  }
  return { signed: work.signed, problems: work.problems };
}

async function fromManifest(work: Collecting, tagOrDigest: string): Promise<void> {
  try {
    if (!mayFetch(work)) return;
    const root = await work.repository.manifest(tagOrDigest, work.signal);
    const manifest = parseManifest(root.bytes, root.mediaType, tagOrDigest);
    if (manifest.kind === "index") return;
    for (const layer of manifest.layers) await fromLayer(work, layer, tagOrDigest);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    if (thrown.code === "registry/not-found") return;
    if (isRefusalToAnswer(thrown)) throw thrown;
    work.problems.push(`${printable(tagOrDigest)}: ${thrown.message}`);
  }
}

/** What is wrong with the registry or the way to it, not with what somebody put into it. */
function isRefusalToAnswer({ kind }: Fault): boolean {
  return kind === "unavailable" || kind === "limited" || kind === "unauthenticated" || kind === "forbidden";
}

function mayFetch(work: Collecting): boolean {
  const isFull = work.signed.length >= signatureLimits.signaturesMax || work.fetches >= signatureLimits.fetchesMax;
  if (isFull) {
    const problem = `more than ${signatureLimits.signaturesMax} signatures: the rest was not looked at`;
    if (!work.problems.includes(problem)) work.problems.push(problem);
  } else work.fetches++;
  return !isFull;
}

async function fromLayer(work: Collecting, layer: Descriptor, from: string): Promise<void> {
  const isSimple = layer.mediaType === types.simpleSigning;
  const isEnvelope = layer.mediaType === types.envelope;
  const isBundle = types.bundle.test(layer.mediaType);
  if (!(isSimple || isEnvelope || isBundle) || !mayFetch(work)) return;
  const bytesMax = isSimple ? signatureLimits.payloadBytesMax : signatureLimits.attestationBytesMax;
  if (layer.size > bytesMax) {
    work.problems.push(`${printable(from)}: an entry has ${layer.size} bytes, more than ${bytesMax}`);
    return;
  }
  const bytes = await work.repository.document(layer, bytesMax, work.signal);
  const materials = {
    certificate: layer.annotations[annotation.certificate] ?? "",
    logEntry: layer.annotations[annotation.logEntry] ?? "",
  };
  if (isSimple) {
    const signature = Buffer.from(layer.annotations[annotation.signature] ?? "", "base64");
    work.signed.push({ kind: "simple-signing", payload: bytes, signature, materials, from });
    return;
  }
  const data = parseJson(bytes, from, { bytesMax, depthMax: 64, valuesMax: 1_000_000 });
  if (isEnvelope) {
    const envelope = envelopeOf(data);
    if (envelope === undefined) work.problems.push(`${printable(from)}: an attestation is no DSSE envelope`);
    else work.signed.push({ kind: "envelope", envelope, materials, from });
    return;
  }
  const inner = typeof data === "object" && data !== null && "dsseEnvelope" in data ? data.dsseEnvelope : undefined;
  work.signed.push({ kind: "bundle", bundle: data, envelope: envelopeOf(inner), from });
}

/** A DSSE envelope out of JSON; undefined when it is none. */
export function envelopeOf(data: unknown): Envelope | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { payloadType, payload, signatures } = data as Record<string, unknown>;
  if (typeof payloadType !== "string" || typeof payload !== "string" || !Array.isArray(signatures)) return undefined;
  const found = signatures.slice(0, 20).map((each: unknown) => {
    const sig = typeof each === "object" && each !== null && "sig" in each ? each.sig : "";
    return Buffer.from(typeof sig === "string" ? sig : "", "base64");
  });
  return { payloadType, payload: Buffer.from(payload, "base64"), signatures: found };
}

// Whether what was found satisfies an authority: which signature holds, what it speaks of, and why the others do not count.
import type { ImageReference } from "../../../core/image/reference.ts";
import type { Envelope, Signed } from "./collect.ts";
import { bundleOf, type SignedContent } from "./cosign-bundle.ts";
import { isSameRepository, printable, readSimpleSigning, readStatement } from "./payloads.ts";
import { type Authority, globMatches, isPredicate, type SignaturePolicy } from "./policy.ts";
import { dsseMessage, type PublicKey, readPublicKey } from "./public-key.ts";
import { readTrustedRoot } from "./trusted-root.ts";
import { type TrustMaterialOf, verifyBundle } from "./verifier.ts";

/** An attestation whose signature holds and whose subject is the image. */
export interface Attestation {
  readonly authority: string;
  readonly signer: string;
  readonly predicateType: string;
  /** Plain JSON, as signed. Not judged: what it says is for its reader. */
  readonly predicate: unknown;
}

export interface AuthorityVerdict {
  readonly authority: string;
  readonly isSatisfied: boolean;
  /** The key's or the certificate's name of who signed; "" when nobody did. */
  readonly signer: string;
  readonly because: string;
  readonly attestations: readonly Attestation[];
}

export interface Judged {
  readonly signed: readonly Signed[];
  /** The digest under which they were found, and which they must speak of. */
  readonly digest: string;
  readonly reference: ImageReference;
  readonly policy: SignaturePolicy;
}

/** Statement of cosign's newer signatures: it attests nothing but that the subject was signed. */
const signatureTypes = ["https://sigstore.dev/cosign/sign/v1"];
const inTotoType = "application/vnd.in-toto+json";

type Check = (content: SignedContent, signed: Signed) => Promise<string | { readonly signer: string }>;

/** Throws Faults "registry/bad-key" and "registry/bad-trusted-root" of the policy itself. */
export async function judgeAuthority(authority: Authority, judged: Judged): Promise<AuthorityVerdict> {
  const check =
    authority.kind === "key"
      ? keyCheck(readPublicKey(authority.publicKey))
      : keylessCheck(authority, await readTrustedRoot(authority.trustedRoot));
  const reasons = new Set<string>();
  const attestations: Attestation[] = [];
  let signer = "";
  for (const signed of judged.signed) {
    const found = await judgeOne(signed, check, judged);
    if (typeof found === "string") reasons.add(found);
    else if (found.statement === undefined) signer = found.signer;
    else attestations.push({ authority: authority.name, signer: found.signer, ...found.statement });
  }
  const missing = authority.attestations.filter(
    (wanted) => !attestations.some(({ predicateType }) => isPredicate(wanted, predicateType)),
  );
  const common = { authority: authority.name, attestations };
  if (authority.attestations.length > 0) {
    const isSatisfied = missing.length === 0;
    const because = isSatisfied
      ? `attested: ${authority.attestations.join(", ")}`
      : `no attestation of ${missing.join(", ")}${tail(reasons)}`;
    return { ...common, isSatisfied, signer: attestations[0]?.signer ?? "", because: because.slice(0, 1000) };
  }
  if (signer !== "") return { ...common, isSatisfied: true, signer, because: `signed by ${signer}` };
  const none = attestations.length > 0 ? "it has attestations, but no signature" : "no signature of it";
  return { ...common, isSatisfied: false, signer: "", because: `${none}${tail(reasons)}`.slice(0, 1000) };
}

function tail(reasons: ReadonlySet<string>): string {
  return reasons.size === 0 ? "" : `: ${[...reasons].slice(0, 3).join("; ")}`;
}

interface Good {
  readonly signer: string;
  /** Absent of a plain signature. */
  readonly statement: { readonly predicateType: string; readonly predicate: unknown } | undefined;
}

async function judgeOne(signed: Signed, check: Check, judged: Judged): Promise<Good | string> {
  if (signed.kind === "simple-signing") {
    const checked = await check({ kind: "message", payload: signed.payload, signature: signed.signature }, signed);
    if (typeof checked === "string") return checked;
    const image = readSimpleSigning(signed.payload);
    if (typeof image === "string") return image;
    if (image.digest !== judged.digest)
      return `a good signature, but of another digest (${printable(image.digest).slice(0, 80)})`;
    if (judged.policy.repository === "same" && !isSameRepository(image.reference, judged.reference)) {
      return `a good signature, but of the repository "${printable(image.reference)}"`;
    }
    return { signer: checked.signer, statement: undefined };
  }
  const { envelope } = signed;
  if (envelope === undefined) return "a bundle that signs no statement";
  const checked = await check({ kind: "envelope", envelope }, signed);
  return typeof checked === "string" ? checked : fromStatement(envelope, checked.signer, judged);
}

function fromStatement(envelope: Envelope, signer: string, judged: Judged): Good | string {
  if (envelope.payloadType !== inTotoType) return `a statement of another kind ("${printable(envelope.payloadType)}")`;
  const statement = readStatement(envelope.payload);
  if (typeof statement === "string") return statement;
  if (!statement.digests.includes(judged.digest)) return "a good statement, but about another digest";
  const { predicateType, predicate } = statement;
  return { signer, statement: signatureTypes.includes(predicateType) ? undefined : { predicateType, predicate } };
}

function keyCheck(key: PublicKey): Check {
  return async (content) => {
    const holds =
      content.kind === "message"
        ? key.verifies(content.payload, content.signature)
        : content.envelope.signatures.some((signature) =>
            key.verifies(dsseMessage(content.envelope.payloadType, content.envelope.payload), signature),
          );
    return holds ? { signer: `key (${key.name})` } : "a signature that is not by this key";
  };
}

function keylessCheck(authority: Authority & { readonly kind: "keyless" }, trust: TrustMaterialOf): Check {
  return async (content, signed) => {
    const bundle = signed.kind === "bundle" ? signed.bundle : bundleOf(content, signed.materials);
    if (typeof bundle === "string") return bundle;
    const artifact = content.kind === "message" ? { artifact: content.payload } : {};
    const signer = await verifyBundle({ bundle, trust, certificateLog: authority.certificateLog, ...artifact });
    if (typeof signer === "string") return signer;
    if (signer.issuer !== authority.issuer)
      return `signed with the word of another issuer (${printable(signer.issuer)})`;
    const isMeant = authority.identity.includes("*")
      ? globMatches(authority.identity, signer.identity)
      : authority.identity === signer.identity;
    return isMeant
      ? { signer: printable(signer.identity) }
      : `signed by another identity (${printable(signer.identity)})`;
  };
}

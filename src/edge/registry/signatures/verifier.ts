// The door to sigstore's own library, loaded only when an identity is checked: certificates, logs and time stamps are its business; whom to believe is ours.
import type { TrustMaterial, toTrustMaterial as toTrustMaterialType } from "@sigstore/verify";

export type TrustMaterialOf = TrustMaterial;
type TrustedRootOf = Parameters<typeof toTrustMaterialType>[0];

/** The fields that the library reads; enumerations as numbers. */
export async function toTrustMaterial(root: object): Promise<TrustMaterialOf> {
  const { toTrustMaterial: convert } = await import("@sigstore/verify");
  return convert(root as TrustedRootOf);
}

export interface Signer {
  readonly identity: string;
  readonly issuer: string;
}

export interface BundleQuestion {
  /** As JSON. */
  readonly bundle: unknown;
  /** What was signed, when it is not inside the bundle. */
  readonly artifact?: Uint8Array;
  readonly trust: TrustMaterialOf;
  readonly certificateLog: "required" | "not-required";
}

/**
 * Certificate chain, its validity at a proven time, its log, the transparency log's entry, the signature. Gives the signer's name and issuer, for us to compare:
 * the library would take a name as a pattern. A text says why it does not hold.
 */
export async function verifyBundle(question: BundleQuestion): Promise<Signer | string> {
  const [{ bundleFromJSON }, { toSignedEntity, Verifier }] = await Promise.all([
    import("@sigstore/bundle"),
    import("@sigstore/verify"),
  ]);
  try {
    const bundle = bundleFromJSON(question.bundle);
    if (bundle.verificationMaterial.content.$case === "publicKey")
      return "it was made with a key, not with an identity";
    const artifact = question.artifact === undefined ? undefined : Buffer.from(question.artifact);
    const verifier = new Verifier(question.trust, { ctlogThreshold: question.certificateLog === "required" ? 1 : 0 });
    const { identity } = verifier.verify(toSignedEntity(bundle, artifact));
    const name = identity?.subjectAlternativeName ?? "";
    const issuer = identity?.extensions?.issuer ?? "";
    return name === "" || issuer === "" ? "its certificate names no identity or no issuer" : { identity: name, issuer };
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : "it cannot be read";
    return message.slice(0, 300).replaceAll(/[^ -~]/g, "?");
  }
}

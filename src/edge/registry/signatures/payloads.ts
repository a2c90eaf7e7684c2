// What was signed: cosign's "simple signing" payload about an image, or an in-toto statement about subjects. Read only after its signature was found good.
import { z } from "zod";
import { type ImageReference, parseReference } from "../../../core/image/reference.ts";
import { parseJson } from "../manifest/bounded-json.ts";
import { signatureLimits } from "./policy.ts";

const SimpleSigning = z.object({
  critical: z.object({
    identity: z.object({ "docker-reference": z.string().max(4096).default("") }).default({ "docker-reference": "" }),
    image: z.object({ "docker-manifest-digest": z.string().max(256) }),
    type: z.string().max(256),
  }),
});

const Statement = z.object({
  _type: z.string().max(256),
  subject: z
    .array(z.object({ name: z.string().max(4096).default(""), digest: z.record(z.string(), z.string().max(256)) }))
    .min(1)
    .max(10_000),
  predicateType: z.string().max(512).default(""),
  predicate: z.unknown(),
});

export interface SignedImage {
  readonly digest: string;
  /** "" when the payload does not say. */
  readonly reference: string;
}

export interface SignedStatement {
  readonly predicateType: string;
  readonly predicate: unknown;
  readonly digests: readonly string[];
}

/** Why a payload says nothing about this image, as a text; or what it says. */
export function readSimpleSigning(payload: Uint8Array): SignedImage | string {
  const parsed = SimpleSigning.safeParse(jsonOf(payload, signatureLimits.payloadBytesMax));
  if (!parsed.success) return "its payload is not as cosign writes it";
  const { type, image, identity } = parsed.data.critical;
  if (type !== "cosign container image signature" && type !== "atomic container signature") {
    return `its payload is of another type ("${printable(type)}")`;
  }
  return { digest: image["docker-manifest-digest"], reference: identity["docker-reference"] };
}

export function readStatement(payload: Uint8Array): SignedStatement | string {
  const parsed = Statement.safeParse(jsonOf(payload, signatureLimits.attestationBytesMax));
  if (!parsed.success) return "its payload is no in-toto statement";
  const { _type: type, subject, predicateType, predicate } = parsed.data;
  if (!/^https:\/\/in-toto\.io\/Statement\/v(?:0\.1|1)$/.test(type))
    return `its statement is of another type ("${printable(type)}")`;
  const digests = subject.flatMap(({ digest }) =>
    Object.entries(digest).map(([algorithm, hex]) => `${algorithm}:${hex}`),
  );
  return { predicateType, predicate, digests };
}

/** undefined for what is no JSON: the schema then refuses it. */
function jsonOf(payload: Uint8Array, bytesMax: number): unknown {
  try {
    return parseJson(payload, "payload", { bytesMax, depthMax: 100, valuesMax: 2_000_000 });
  } catch {
    return undefined;
  }
}

/** Whether a payload's reference means the image's repository, whatever its tag; one that says nothing is no other. */
export function isSameRepository(reference: string, image: ImageReference): boolean {
  if (reference === "") return false;
  try {
    const { registry, repository } = parseReference(reference);
    return registry === image.registry && repository === image.repository;
  } catch {
    return false;
  }
}

export function printable(text: string): string {
  return text.slice(0, 200).replaceAll(/[^ -~]/g, "?");
}

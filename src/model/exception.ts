// A finding that somebody accepted: which vulnerability, where, why, who answers for it, until when. It hides nothing: the match stays, with this beside it.
import { z } from "zod";

const purl = z.string().max(4096).regex(/^pkg:/, "a package URL begins with pkg:");

/** All given fields must hold; none given is "anywhere", and must be said: `any: true`. Patterns: `*` is any run of characters within one path segment, `**` across. */
export const ExceptionScope = z.strictObject({
  any: z.literal(true).optional(),
  /** "registry/shop/*": the image's repository, without tag. */
  repository: z.string().min(1).max(1024).optional(),
  /** A reference with tag, or a digest. */
  image: z.string().min(1).max(1024).optional(),
  /** "namespace/name", of any cluster. */
  workload: z.string().min(3).max(512).regex(/\//, "namespace/name").optional(),
  /** Of the package's evidence: "/usr/lib/**". */
  path: z.string().min(1).max(4096).optional(),
  /** Without version: any version; qualifiers that are given must be there. */
  purl: purl.optional(),
});
export type ExceptionScope = z.infer<typeof ExceptionScope>;

export const Exception = z.strictObject({
  /** "CVE-2026-1", any alias; "*" only together with a purl, path, image or repository. Also an advice rule ("image/root-user") or a secret rule ("secret/private-key"). */
  vulnerability: z.string().min(1).max(256),
  scope: ExceptionScope.refine(
    (scope) => Object.keys(scope).length > 0,
    "say where: any: true, or a repository, image, workload, path or purl",
  ),
  reason: z.string().trim().min(1).max(4096),
  owner: z.string().trim().min(1).max(256),
  /** The day after which it counts no more, or a moment. */
  expires: z.union([z.iso.date(), z.iso.datetime()]),
  /** What goes into OpenVEX: accepted risk is "affected" with this as its action statement. */
  status: z.enum(["accepted", "not_affected", "fixed", "under_investigation"]).default("accepted"),
  /** Of not_affected: OpenVEX's justification. */
  justification: z
    .enum([
      "component_not_present",
      "vulnerable_code_not_present",
      "vulnerable_code_not_in_execute_path",
      "vulnerable_code_cannot_be_controlled_by_adversary",
      "inline_mitigations_already_exist",
    ])
    .optional(),
});
export type Exception = z.infer<typeof Exception>;

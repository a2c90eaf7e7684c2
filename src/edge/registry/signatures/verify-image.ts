// The verdict on an image's signatures under a policy: verified, unsigned, failed, or not known; always with the reason.
import { Fault } from "../../../base/fault.ts";
import { imageLimits } from "../image-source.ts";
import { parseManifest } from "../manifest/manifest.ts";
import { choosePlatform, type PlatformChoice } from "../manifest/platform.ts";
import { formatReference, type ImageReference, tagOf } from "../../../core/image/reference.ts";
import { type OpenRepository, openRepository } from "../registry/open-registry.ts";
import type { RegistryOptions } from "../registry/options.ts";
import { type Collected, collectSigned } from "./collect.ts";
import { type AuthorityVerdict, judgeAuthority } from "./judge.ts";
import { isCovered, type SignaturePolicy } from "./policy.ts";
import type { VerdictCache } from "./verdict-cache.ts";

export type Verdict = "verified" | "unsigned" | "failed" | "unknown";

export interface SignatureVerdict {
  readonly verdict: Verdict;
  readonly because: string;
  /** What was judged: the digest that the reference means (of an index, when it is one). "" when it could not be found out. */
  readonly digest: string;
  readonly authorities: readonly AuthorityVerdict[];
  /** Entries that could not be read. */
  readonly problems: readonly string[];
}

export interface VerifyOptions {
  readonly policy: SignaturePolicy;
  readonly registry: RegistryOptions;
  readonly choice: PlatformChoice;
  readonly signal: AbortSignal;
  /** Asked once the digest is known, and told what was found. */
  readonly cache?: VerdictCache;
}

/**
 * Looks the signatures up and judges them. A signature of the index counts for each of its platforms; one of the platform's manifest counts for it. Throws only Faults
 * of the policy ("registry/bad-key", "registry/bad-trusted-root") and of the reference; that a registry does not answer is the verdict "unknown".
 */
export async function verifyImage(text: string, options: VerifyOptions): Promise<SignatureVerdict> {
  using opened = openRepository(text, options.registry);
  if (!isCovered(options.policy, opened.reference)) return unknown("", "no policy is for this repository");
  let digest = "";
  try {
    const digests = await digestsOf(opened, options);
    digest = digests[0] ?? "";
    const known = options.cache?.get(keyOf(opened.reference, digests), options.policy);
    if (known !== undefined) return known;
    const verdict = await judgeDigests(opened, digests, options);
    options.cache?.put(keyOf(opened.reference, digests), options.policy, verdict);
    return verdict;
  } catch (thrown) {
    if (!(thrown instanceof Fault) || options.signal.aborted) throw thrown;
    if (ownFaults.has(thrown.code)) throw thrown;
    return unknown(digest, thrown.message);
  }
}

/** Of an index the platform that was looked at belongs to the verdict; and the repository, where signatures lie and which they may have to name. */
function keyOf({ registry, repository }: ImageReference, digests: readonly string[]): string {
  return [`${registry}/${repository}`, ...digests].join(" ");
}

const ownFaults: ReadonlySet<string> = new Set([
  "registry/bad-key",
  "registry/bad-trusted-root",
  "registry/not-allowed",
]);

function unknown(digest: string, because: string): SignatureVerdict {
  return { verdict: "unknown", because, digest, authorities: [], problems: [] };
}

/** The digest of what the reference names, and, of an index, that of the platform's manifest. */
async function digestsOf(
  { repository, reference }: OpenRepository,
  { choice, signal }: VerifyOptions,
): Promise<readonly string[]> {
  const root = await repository.manifest(reference.digest === "" ? tagOf(reference) : reference.digest, signal);
  const what = formatReference(reference);
  if (root.bytes.length > imageLimits.manifestBytesMax) return [root.digest];
  const document = parseManifest(root.bytes, root.mediaType, what);
  if (document.kind === "manifest") return [root.digest];
  const chosen = choosePlatform(document.manifests, choice, what)[0];
  return chosen === undefined ? [root.digest] : [root.digest, chosen.digest];
}

async function judgeDigests(
  opened: OpenRepository,
  digests: readonly string[],
  options: VerifyOptions,
): Promise<SignatureVerdict> {
  const { policy, signal } = options;
  const best = new Map<string, AuthorityVerdict>();
  const problems: string[] = [];
  let signatures = 0;
  for (const digest of digests) {
    const collected: Collected = await collectSigned(opened.repository, digest, signal);
    problems.push(...collected.problems);
    signatures += collected.signed.length;
    for (const authority of policy.authorities) {
      if (best.get(authority.name)?.isSatisfied === true) continue;
      const judged = { signed: collected.signed, digest, reference: opened.reference, policy };
      const verdict = await judgeAuthority(authority, judged);
      const before = best.get(authority.name);
      if (before === undefined || verdict.isSatisfied || collected.signed.length > 0) best.set(authority.name, verdict);
    }
    if (isEnough(policy, best)) break;
  }
  const authorities = [...best.values()];
  const digest = digests[0] ?? "";
  const satisfied = authorities.filter(({ isSatisfied }) => isSatisfied);
  if (isEnough(policy, best)) {
    return {
      verdict: "verified",
      because: satisfied.map(({ because }) => because).join("; "),
      digest,
      authorities,
      problems,
    };
  }
  if (signatures === 0 && problems.length === 0) {
    return { verdict: "unsigned", because: "it has no signature and no attestation", digest, authorities, problems };
  }
  if (signatures === 0) return { ...unknown(digest, problems.slice(0, 3).join("; ")), authorities, problems };
  const missing = authorities.filter(({ isSatisfied }) => !isSatisfied);
  const because = missing.map((each) => `${each.authority}: ${each.because}`).join("; ");
  return { verdict: "failed", because: because.slice(0, 4000), digest, authorities, problems };
}

function isEnough(policy: SignaturePolicy, best: ReadonlyMap<string, AuthorityVerdict>): boolean {
  const satisfied = policy.authorities.filter(({ name }) => best.get(name)?.isSatisfied === true).length;
  return policy.require === "any" ? satisfied > 0 : satisfied === policy.authorities.length;
}

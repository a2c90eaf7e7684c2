// Runs garrison image verify: policy of the flags or a file, verdict with its reasons, exit code of the verdict.
import path from "node:path";
import { parse } from "yaml";
import { Fault } from "../../../../base/fault.ts";
import { ownPlatform, parsePlatform } from "../../../../edge/registry/manifest/platform.ts";
import { type SignaturePolicy, SignaturePolicy as PolicySchema } from "../../../../edge/registry/signatures/policy.ts";
import { type SignatureVerdict, type Verdict, verifyImage } from "../../../../edge/registry/signatures/verify-image.ts";
import type { Context } from "../../context.ts";
import { harmless } from "../../output/harmless.ts";
import { readBytes, registryOptions } from "./open-analysis.ts";
import type { VerifyFlags } from "./verify.ts";

const exitCodeOf = { verified: 0, unsigned: 3, failed: 3, unknown: 7 } as const satisfies Record<Verdict, number>;

export async function runVerify(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: VerifyFlags },
): Promise<number> {
  const [reference = ""] = args;
  const policy = options.policy === undefined ? await policyOfFlags(options) : await policyOfFile(options.policy);
  const platform = options.platform ?? "";
  const verdict = await verifyImage(reference, {
    policy,
    registry: await registryOptions(context, options),
    choice:
      platform === "" ? { wanted: ownPlatform(), isAsked: false } : { wanted: parsePlatform(platform), isAsked: true },
    signal: context.signal,
  });
  // The program reads its own --output before the command does.
  const isJson = (options.output ?? context.flags.output) === "json";
  const text = isJson
    ? `${JSON.stringify({ reference, ...verdict }, undefined, 2)}\n`
    : table(context, reference, verdict);
  await context.print(text);
  return exitCodeOf[verdict.verdict];
}

async function policyOfFlags(flags: VerifyFlags): Promise<SignaturePolicy> {
  const attestations = flags.attestation ?? [];
  const authorities: object[] = [];
  for (const file of flags.key ?? []) {
    const publicKey = Buffer.from(await readBytes(file)).toString("utf8");
    authorities.push({ kind: "key", name: file, publicKey, attestations });
  }
  const { identity, issuer, trustedRoot } = flags;
  if (identity !== undefined || issuer !== undefined || trustedRoot !== undefined) {
    if (identity === undefined || issuer === undefined || trustedRoot === undefined) {
      throw usage(
        "--identity, --issuer and --trusted-root go together",
        "an identity is worth what its issuer and the authority behind it are",
      );
    }
    const certificateLog = flags.certificateLog === false ? "not-required" : "required";
    const root = Buffer.from(await readBytes(trustedRoot)).toString("utf8");
    authorities.push({
      kind: "keyless",
      name: identity,
      identity,
      issuer,
      trustedRoot: root,
      certificateLog,
      attestations,
    });
  }
  if (authorities.length === 0) {
    throw usage(
      "nobody is named who should have signed it",
      "--key FILE, or --identity NAME --issuer URL --trusted-root FILE",
    );
  }
  return checked(
    { require: flags.require, repository: flags.anyRepository === true ? "any" : "same", authorities },
    "the flags",
  );
}

/** Keys and trusted roots may stand in it, or be named by file (publicKeyFile, trustedRootFile), relative to it. */
async function policyOfFile(file: string): Promise<SignaturePolicy> {
  const text = Buffer.from(await readBytes(file)).toString("utf8");
  let data: unknown;
  try {
    data = parse(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw new Fault(`${file} is neither YAML nor JSON`, { code: "cli/bad-policy", kind: "usage", cause });
  }
  const list = typeof data === "object" && data !== null && "authorities" in data ? data.authorities : undefined;
  if (!Array.isArray(list)) return checked(data, file);
  const authorities = await Promise.all(list.map((each: unknown) => withFiles(each, path.dirname(file))));
  return checked({ ...(data as object), authorities }, file);
}

async function withFiles(authority: unknown, folder: string): Promise<unknown> {
  if (typeof authority !== "object" || authority === null) return authority;
  const { publicKeyFile, trustedRootFile, ...rest } = authority as Record<string, unknown>;
  const textOf = async (name: unknown) =>
    Buffer.from(await readBytes(path.resolve(folder, String(name)))).toString("utf8");
  return {
    ...rest,
    ...(publicKeyFile === undefined ? {} : { publicKey: await textOf(publicKeyFile) }),
    ...(trustedRootFile === undefined ? {} : { trustedRoot: await textOf(trustedRootFile) }),
  };
}

function checked(data: unknown, what: string): SignaturePolicy {
  const parsed = PolicySchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Fault(`${what}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "no policy"}`, {
    code: "cli/bad-policy",
    kind: "usage",
    hint: "authorities: [{ kind: key, name, publicKeyFile } or { kind: keyless, name, identity, issuer, trustedRootFile }]",
  });
}

function usage(message: string, hint: string): Fault {
  return new Fault(message, { code: "cli/usage", kind: "usage", hint });
}

function table({ paint }: Context, reference: string, found: SignatureVerdict): string {
  const word = found.verdict === "verified" ? paint.good(found.verdict) : paint.bad(found.verdict);
  const lines = [`${word}  ${harmless(reference)}`];
  if (found.digest !== "") lines.push(`  ${found.digest}`);
  for (const { authority, isSatisfied, because, attestations } of found.authorities) {
    lines.push(`  ${isSatisfied ? "+" : "-"} ${harmless(authority)}: ${harmless(because)}`);
    for (const { predicateType, signer } of attestations)
      lines.push(`      ${harmless(predicateType)}, by ${harmless(signer)}`);
  }
  if (found.authorities.length === 0) lines.push(`  ${harmless(found.because)}`);
  for (const problem of found.problems) lines.push(`  ! ${harmless(problem)}`);
  return `${lines.join("\n")}\n`;
}

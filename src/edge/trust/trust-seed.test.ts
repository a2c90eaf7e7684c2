// Seeds on real folders: taken once, never over an authority that is there, never in halves, and the token fits the authority.
import { equal, match, rejects } from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { manualClock } from "../../base/clock.ts";
import { openCertificateAuthority } from "./certificate-authority.ts";
import { parseJoinToken } from "./join-token.ts";
import { makeTrustSeed, plantAuthority, readSeedToken, seedFiles, type TrustSeed } from "./trust-seed.ts";

const clock = manualClock(Date.now());

async function inFolders(run: (folders: { pki: string; seed: string }) => Promise<void>): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), "garrison-seed-"));
  try {
    const seed = join(parent, "seed");
    await mkdir(seed);
    await run({ pki: join(parent, "pki"), seed });
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function write(folder: string, seed: Partial<TrustSeed>): Promise<void> {
  const texts = [
    [seedFiles.key, seed.keyPem],
    [seedFiles.certificate, seed.certificatePem],
    [seedFiles.token, seed.joinToken],
  ] as const;
  for (const [name, text] of texts) if (text !== undefined) await writeFile(join(folder, name), text);
}

test("a server that has no authority takes the seed's, and its token carries that one's hash", () =>
  inFolders(async ({ pki, seed }) => {
    const made = await makeTrustSeed("shop", clock);
    await write(seed, made);
    equal(await plantAuthority(pki, seed), "");
    const authority = await openCertificateAuthority({ folder: pki, names: [], clock });
    const token = await readSeedToken(seed);
    equal(token?.caSha256, authority.caSha256);
    equal(token.cluster, "shop");
    equal(token.secret, parseJoinToken(made.joinToken).secret);
    equal(await plantAuthority(pki, seed), "");
  }));

test("an authority that is there stays, and people are told", () =>
  inFolders(async ({ pki, seed }) => {
    const { caSha256 } = await openCertificateAuthority({ folder: pki, names: [], clock });
    await write(seed, await makeTrustSeed("shop", clock));
    match(await plantAuthority(pki, seed), /has one already/);
    equal((await openCertificateAuthority({ folder: pki, names: [], clock })).caSha256, caSha256);
  }));

test("without a seed nothing happens", () =>
  inFolders(async ({ pki, seed }) => {
    equal(await plantAuthority(pki, seed), "");
    equal(await readSeedToken(seed), undefined);
    await rejects(readFile(join(pki, "ca.crt")), { code: "ENOENT" });
  }));

test("halves, strangers and leaf certificates are refused, and nothing is kept", () =>
  inFolders(async ({ pki, seed }) => {
    const [one, other] = [await makeTrustSeed("a", clock), await makeTrustSeed("a", clock)];
    const authority = await openCertificateAuthority({ folder: `${pki}-leaf`, names: [], clock });
    const { keyPem, chainPem } = await authority.server();
    const cases: readonly [string, Partial<TrustSeed>][] = [
      ["key only", { keyPem: one.keyPem }],
      ["certificate only", { certificatePem: one.certificatePem }],
      ["another key", { keyPem: one.keyPem, certificatePem: other.certificatePem }],
      ["no certificate", { keyPem: one.keyPem, certificatePem: "nothing" }],
      ["a leaf", { keyPem, certificatePem: chainPem }],
    ];
    for (const [name, bad] of cases) {
      await rm(seed, { recursive: true });
      await mkdir(seed);
      await write(seed, bad);
      await rejects(plantAuthority(pki, seed), { code: "trust/bad-seed" }, name);
      await rejects(readFile(join(pki, "ca.key")), { code: "ENOENT" }, name);
    }
    await write(seed, { joinToken: "gj1.secret" });
    await rejects(readSeedToken(seed), (error: Error) => !error.message.includes("gj1.secret"));
  }));

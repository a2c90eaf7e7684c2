import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Fault } from "../../../base/fault.ts";
import { ownPlatform } from "../manifest/platform.ts";
import { manifestType, scriptedRegistry } from "../../../../test/support/scripted-registry.ts";
import { SignaturePolicy } from "./policy.ts";
import { dsseMessage } from "./public-key.ts";
import { makeKey, makeSigstore, type SignedOptions } from "../../../../test/support/sigstore.ts";
import { createVerdictCache } from "./verdict-cache.ts";
import { type SignatureVerdict, type Verdict, verifyImage } from "./verify-image.ts";

const registry = await scriptedRegistry();
const sigstore = await makeSigstore();
const ours = await makeKey();
const theirs = await makeKey();
after(() => registry.close());

const issuer = "https://token.test";
const identity = "https://github.test/shop/web/.github/workflows/release.yml@refs/heads/main";
const key = (publicKey = ours.publicPem, more = {}) => ({ kind: "key", name: "ours", publicKey, ...more });
const keyless = (more = {}) => ({
  kind: "keyless",
  name: "ci",
  identity,
  issuer,
  trustedRoot: sigstore.trustedRoot,
  ...more,
});

let count = 0;
/** A new image, so that each case has its own signatures. */
function image(): { name: string; repository: string; digest: string } {
  const repository = `shop/web${count++}`;
  const { digest } = registry.image(repository, "1", [Buffer.from(repository)]);
  return { name: `${registry.host}/${repository}:1`, repository, digest };
}

async function verify(name: string, authorities: readonly object[], more = {}): Promise<SignatureVerdict> {
  const policy = SignaturePolicy.parse({ authorities, ...more });
  return await verifyImage(name, {
    policy,
    registry: { hosts: { [registry.host]: { scheme: "http" } }, limits: { attemptsMax: 1 } },
    choice: { wanted: ownPlatform(), isAsked: false },
    signal: AbortSignal.timeout(20_000),
  });
}

async function says(work: Promise<SignatureVerdict>, verdict: Verdict, because: RegExp): Promise<SignatureVerdict> {
  const found = await work;
  assert.equal(found.verdict, verdict, found.because);
  assert.match(found.because, because);
  return found;
}

type Payload = { digest: string; repository: string; type?: string };

function payloadOf({ digest, repository, type = "cosign container image signature" }: Payload): Buffer {
  const reference = repository === "" ? "" : `${registry.host}/${repository}`;
  return Buffer.from(
    JSON.stringify({
      critical: { identity: { "docker-reference": reference }, image: { "docker-manifest-digest": digest }, type },
      optional: null,
    }),
  );
}

/** Puts entries where cosign puts them. */
function attach(
  repository: string,
  digest: string,
  suffix: "sig" | "att",
  entries: readonly { bytes: Buffer; annotations?: Record<string, string>; mediaType?: string }[],
): void {
  const usual =
    suffix === "sig" ? "application/vnd.dev.cosign.simplesigning.v1+json" : "application/vnd.dsse.envelope.v1+json";
  registry.manifest(repository, `${digest.replace(":", "-")}.${suffix}`, {
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...registry.blob(Buffer.from("{}")) },
    layers: entries.map(({ bytes, annotations, mediaType = usual }) => ({
      mediaType,
      annotations,
      ...registry.blob(bytes),
    })),
  });
}

function attachSignature(repository: string, digest: string, payload: Buffer, signature: Buffer): void {
  attach(repository, digest, "sig", [
    { bytes: payload, annotations: { "dev.cosignproject.cosign/signature": signature.toString("base64") } },
  ]);
}

function attachBundle(repository: string, digest: string, bundle: unknown): void {
  const type = "application/vnd.dev.sigstore.bundle.v0.3+json";
  const manifest = registry.manifest(repository, `bundle${count++}`, {
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: type,
    config: { mediaType: "application/vnd.oci.empty.v1+json", ...registry.blob(Buffer.from("{}")) },
    layers: [{ mediaType: type, ...registry.blob(Buffer.from(JSON.stringify(bundle))) }],
  });
  const list = { schemaVersion: 2, manifests: [{ ...manifest, artifactType: type }] };
  registry.manifest(repository, digest.replace(":", "-"), list, "application/vnd.oci.image.index.v1+json");
}

const statementOf = (digest: string, predicateType: string, predicate: unknown = {}) => ({
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "web", digest: { sha256: digest.slice(7) } }],
  predicateType,
  predicate,
});

test("a key's signature: good, none, another key's, forged, of another digest, of another repository", async () => {
  const good = image();
  const payload = payloadOf(good);
  attachSignature(good.repository, good.digest, payload, ours.sign(payload));
  const verified = await says(verify(good.name, [key()]), "verified", /signed by key \(ECDSA P-256\)/);
  assert.equal(verified.digest, good.digest);
  await says(verify(good.name, [key(theirs.publicPem)]), "failed", /not by this key/);
  await says(verify(image().name, [key()]), "unsigned", /no signature/);

  const forged = image();
  const real = payloadOf({ ...forged, digest: good.digest });
  attachSignature(forged.repository, forged.digest, payloadOf(forged), ours.sign(real));
  await says(verify(forged.name, [key()]), "failed", /not by this key/);
  attachSignature(forged.repository, forged.digest, real, ours.sign(real));
  await says(verify(forged.name, [key()]), "failed", /another digest/);

  const copied = image();
  const other = payloadOf({ ...copied, repository: "dev/web" });
  attachSignature(copied.repository, copied.digest, other, ours.sign(other));
  await says(verify(copied.name, [key()]), "failed", /of the repository "127\.0\.0\.1:\d+\/dev\/web"/);
  await says(verify(copied.name, [key()], { repository: "any" }), "verified", /./);
  const nameless = payloadOf({ ...copied, repository: "" });
  attachSignature(copied.repository, copied.digest, nameless, ours.sign(nameless));
  await says(verify(copied.name, [key()]), "failed", /of the repository ""/);

  const typed = image();
  const strange = payloadOf({ ...typed, type: "something else" });
  attachSignature(typed.repository, typed.digest, strange, ours.sign(strange));
  await says(verify(typed.name, [key()]), "failed", /another type/);
  const noJson = Buffer.from("hello");
  attachSignature(typed.repository, typed.digest, noJson, ours.sign(noJson));
  await says(verify(typed.name, [key()]), "failed", /not as cosign writes it/);
});

async function keylessImage(
  options: Partial<SignedOptions> = {},
  change = (annotations: Record<string, string>) => annotations,
) {
  const made = image();
  const payload = payloadOf(made);
  const { annotations } = await sigstore.annotate(payload, { identity, issuer, ...options });
  attach(made.repository, made.digest, "sig", [{ bytes: payload, annotations: change(annotations) }]);
  return made;
}

test("an identity's signature in cosign's older form: good; another identity, issuer, time, log, root", async () => {
  const good = await keylessImage();
  const { authorities } = await says(
    verify(good.name, [keyless()]),
    "verified",
    /signed by https:\/\/github\.test\/shop/,
  );
  assert.equal(authorities[0]?.signer, identity);
  await says(
    verify(good.name, [keyless({ identity: "https://github.test/shop/*/.github/workflows/*.yml@refs/heads/main" })]),
    "verified",
    /./,
  );
  await says(verify(good.name, [keyless({ identity: "https://github.test/shop/*" })]), "failed", /another identity/);
  await says(verify(good.name, [keyless({ identity: `${identity}x` })]), "failed", /another identity/);
  // A name is no pattern of expressions: "." is a dot, and a part is not the whole.
  await says(verify(good.name, [keyless({ identity: "https://github.test/shop" })]), "failed", /another identity/);
  await says(verify(good.name, [keyless({ identity: ".+" })]), "failed", /another identity/);
  await says(verify(good.name, [keyless({ issuer: "https://token.test.evil" })]), "failed", /another issuer/);
  const elsewhere = await makeSigstore();
  await says(verify(good.name, [keyless({ trustedRoot: elsewhere.trustedRoot })]), "failed", /no signature of it: /);

  const late = await keylessImage({ certifiedMs: Date.now() - 3_600_000 });
  await says(verify(late.name, [keyless()]), "failed", /certificate/i);
  const unlogged = await keylessImage({ certificateLog: false });
  await says(verify(unlogged.name, [keyless()]), "failed", /SCT/);
  await says(verify(unlogged.name, [keyless({ certificateLog: "not-required" })]), "verified", /./);
  const without = await keylessImage({}, (annotations) => ({ ...annotations, "dev.sigstore.cosign/bundle": "" }));
  await says(verify(without.name, [keyless()]), "failed", /no entry of a transparency log/);
  const backdated = await keylessImage({ certifiedMs: Date.now() - 3_600_000 }, (annotations) => {
    const entry = JSON.parse(annotations["dev.sigstore.cosign/bundle"]!) as { Payload: { integratedTime: number } };
    entry.Payload.integratedTime -= 3600;
    return { ...annotations, "dev.sigstore.cosign/bundle": JSON.stringify(entry) };
  });
  await says(verify(backdated.name, [keyless()]), "failed", /inclusion promise/);
  await assert.rejects(
    verify(good.name, [keyless({ trustedRoot: "{" })]),
    (thrown) => thrown instanceof Fault && thrown.code === "registry/bad-trusted-root",
  );
});

test("bundles as referrers: a signature, attestations with their predicates, another digest, a changed payload", async () => {
  const signed = image();
  attachBundle(
    signed.repository,
    signed.digest,
    await sigstore.bundle(statementOf(signed.digest, "https://sigstore.dev/cosign/sign/v1"), { identity, issuer }),
  );
  await says(verify(signed.name, [keyless()]), "verified", /signed by/);

  const attested = image();
  const predicate = { bomFormat: "CycloneDX", components: [] };
  const bundle = await sigstore.bundle(statementOf(attested.digest, "https://cyclonedx.org/bom", predicate), {
    identity,
    issuer,
  });
  attachBundle(attested.repository, attested.digest, bundle);
  const found = await says(
    verify(attested.name, [keyless({ attestations: ["cyclonedx"] })]),
    "verified",
    /attested: cyclonedx/,
  );
  assert.deepEqual(found.authorities[0]?.attestations, [
    { authority: "ci", signer: identity, predicateType: "https://cyclonedx.org/bom", predicate },
  ]);
  await says(verify(attested.name, [keyless({ attestations: ["slsa"] })]), "failed", /no attestation of slsa/);
  await says(verify(attested.name, [keyless()]), "failed", /attestations, but no signature/);
  await says(verify(attested.name, [key()]), "failed", /not by this key/);

  const other = image();
  attachBundle(other.repository, other.digest, bundle);
  await says(verify(other.name, [keyless({ attestations: ["cyclonedx"] })]), "failed", /about another digest/);
  const changed = image();
  const broken = structuredClone(bundle) as { dsseEnvelope: { payload: string } };
  broken.dsseEnvelope.payload = Buffer.from(
    JSON.stringify(statementOf(changed.digest, "https://cyclonedx.org/bom")),
  ).toString("base64");
  attachBundle(changed.repository, changed.digest, broken);
  await says(verify(changed.name, [keyless({ attestations: ["cyclonedx"] })]), "failed", /./);
  const empty = image();
  attachBundle(empty.repository, empty.digest, { hello: 1 });
  await says(verify(empty.name, [keyless()]), "failed", /signs no statement/);
});

test("a key's attestations by cosign's tag", async () => {
  const made = image();
  const payload = Buffer.from(
    JSON.stringify(statementOf(made.digest, "https://openvex.dev/ns/v0.2.0", { statements: [] })),
  );
  const type = "application/vnd.in-toto+json";
  const envelope = (sig: Buffer) =>
    Buffer.from(
      JSON.stringify({
        payloadType: type,
        payload: payload.toString("base64"),
        signatures: [{ sig: sig.toString("base64") }],
      }),
    );
  attach(made.repository, made.digest, "att", [{ bytes: envelope(ours.sign(dsseMessage(type, payload))) }]);
  const found = await says(verify(made.name, [key(undefined, { attestations: ["openvex"] })]), "verified", /attested/);
  assert.equal(found.authorities[0]?.attestations[0]?.predicateType, "https://openvex.dev/ns/v0.2.0");
  // Signed without the encoding that binds the type.
  attach(made.repository, made.digest, "att", [{ bytes: envelope(ours.sign(payload)) }]);
  await says(verify(made.name, [key(undefined, { attestations: ["openvex"] })]), "failed", /not by this key/);
  attach(made.repository, made.digest, "att", [{ bytes: Buffer.from("[]") }]);
  await says(verify(made.name, [key()]), "unknown", /no DSSE envelope/);
});

test("any or all of several; an index's signature counts for its platform", async () => {
  const made = image();
  const payload = payloadOf(made);
  attachSignature(made.repository, made.digest, payload, ours.sign(payload));
  const both = [key(), { ...key(theirs.publicPem), name: "theirs" }];
  await says(verify(made.name, both), "verified", /./);
  await says(verify(made.name, both, { require: "all" }), "failed", /^theirs: /);
  attach(
    made.repository,
    made.digest,
    "sig",
    [ours, theirs].map((signer) => ({
      bytes: payload,
      annotations: { "dev.cosignproject.cosign/signature": signer.sign(payload).toString("base64") },
    })),
  );
  await says(verify(made.name, both, { require: "all" }), "verified", /./);
  assert.throws(() => SignaturePolicy.parse({ authorities: [key(), key()] }), /one name/);

  const index = registry.manifest(
    made.repository,
    "multi",
    {
      schemaVersion: 2,
      manifests: [{ mediaType: manifestType, digest: made.digest, size: 9, platform: ownPlatform() }],
    },
    "application/vnd.oci.image.index.v1+json",
  );
  const name = made.name.replace(/1$/, "multi");
  const { digest } = await says(verify(name, [key()]), "verified", /./);
  assert.equal(digest, index.digest);
  await says(verify(name, [key()], { images: ["other.example/**"] }), "unknown", /no policy is for this repository/);
  await says(verify(name, [key()], { images: ["127.0.0.1:*/shop/*"] }), "verified", /./);
});

test("a registry that does not answer is no verdict", async () => {
  const made = image();
  registry.tricks.push((request, response) => {
    if (!request.url.endsWith(".sig")) return false;
    response.writeHead(503).end();
    return true;
  });
  await says(verify(made.name, [key()]), "unknown", /503/);
  registry.tricks.length = 0;
  await says(verify(`${registry.host}/absent:1`, [key()]), "unknown", /404/);
});

test("a policy whose key is none is a Fault, not a verdict", async () => {
  await assert.rejects(
    verify(image().name, [key("nonsense")]),
    (thrown) => thrown instanceof Fault && thrown.code === "registry/bad-key",
  );
});

test("a verdict that is known is not looked up again, for this digest under this policy and repository", async () => {
  const made = image();
  const payload = payloadOf(made);
  attachSignature(made.repository, made.digest, payload, ours.sign(payload));
  const cache = createVerdictCache(() => 0);
  const policy = SignaturePolicy.parse({ authorities: [key()] });
  const ask = () =>
    verifyImage(made.name, {
      policy,
      registry: { hosts: { [registry.host]: { scheme: "http" } } },
      choice: { wanted: ownPlatform(), isAsked: false },
      signal: AbortSignal.timeout(20_000),
      cache,
    });
  const first = await says(ask(), "verified", /./);
  registry.seen.length = 0;
  assert.equal(await ask(), first);
  assert.equal(registry.seen.length, 1);
});

// A sigstore of its own for tests: a certificate authority, a certificate log and a transparency log, made anew, that sign as the public ones do.
import "../../src/base/reflect-metadata.ts";
import { createHash, createPublicKey, createSign, type KeyObject, randomBytes, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  Extension as PlainExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { dsseMessage } from "../../src/edge/registry/signatures/public-key.ts";

const curve = { name: "ECDSA", namedCurve: "P-256" } as const;
const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" } as const;

export interface Key {
  readonly publicPem: string;
  readonly privatePem: string;
  sign(message: Uint8Array): Buffer;
}

export async function makeKey(): Promise<
  Key & { readonly pair: webcrypto.CryptoKeyPair; readonly publicKey: KeyObject }
> {
  const pair = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const privatePem = PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", pair.privateKey), "PRIVATE KEY");
  const publicPem = PemConverter.encode(await webcrypto.subtle.exportKey("spki", pair.publicKey), "PUBLIC KEY");
  return {
    pair,
    privatePem,
    publicPem,
    publicKey: createPublicKey(publicPem),
    sign: (message) => createSign("sha256").update(message).sign(privatePem),
  };
}

export interface SignedOptions {
  readonly identity: string;
  readonly issuer: string;
  /** When the log saw it; the certificate is good for ten minutes around `certifiedMs`. */
  readonly atMs?: number;
  readonly certifiedMs?: number;
  readonly certificateLog?: false;
}

export interface Sigstore {
  readonly trustedRoot: string;
  /** Annotations of cosign's older form over a payload, or over a DSSE envelope. */
  annotate(
    payload: Uint8Array,
    options: SignedOptions,
  ): Promise<{ signature: Buffer; annotations: Record<string, string> }>;
  /** A bundle of version 0.3 over an in-toto statement: proof of inclusion and checkpoint. */
  bundle(statement: unknown, options: SignedOptions): Promise<Record<string, unknown>>;
}

export async function makeSigstore(): Promise<Sigstore> {
  const [authority, certificateLog, log] = await Promise.all([makeKey(), makeKey(), makeKey()]);
  const validity = { notBefore: new Date("2020-01-01"), notAfter: new Date("2040-01-01") };
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "O=test, CN=authority",
    ...validity,
    signingAlgorithm,
    keys: authority.pair,
    extensions: [
      new BasicConstraintsExtension(true, 1, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const spki = (key: { publicKey: KeyObject }) => key.publicKey.export({ type: "spki", format: "der" });
  const idOf = (key: { publicKey: KeyObject }) => createHash("sha256").update(spki(key)).digest();

  async function certify(signer: Awaited<ReturnType<typeof makeKey>>, options: SignedOptions): Promise<Buffer> {
    const atMs = options.certifiedMs ?? Date.now();
    const serialNumber = `0${randomBytes(8).toString("hex")}`;
    const make = (more: readonly Extension[]) =>
      X509CertificateGenerator.create({
        serialNumber,
        subject: "",
        issuer: root.subject,
        notBefore: new Date(atMs - 300_000),
        notAfter: new Date(atMs + 300_000),
        signingKey: authority.pair.privateKey,
        publicKey: signer.pair.publicKey,
        signingAlgorithm,
        extensions: [
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.3"]),
          new SubjectAlternativeNameExtension(
            [
              {
                type: options.identity.includes("@") && !options.identity.includes("/") ? "email" : "url",
                value: options.identity,
              },
            ],
            true,
          ),
          new PlainExtension("1.3.6.1.4.1.57264.1.8", false, der(0x0c, Buffer.from(options.issuer))),
          ...more,
        ],
      });
    const before = await make([]);
    if (options.certificateLog === false) return Buffer.from(before.rawData);
    const sct = certificateTimestamp(tbsOf(Buffer.from(before.rawData)));
    return Buffer.from((await make([new PlainExtension("1.3.6.1.4.1.11129.2.4.2", false, der(0x04, sct))])).rawData);
  }

  /** RFC 6962: what the certificate log promises, over the certificate before the promise was put in. */
  function certificateTimestamp(tbs: Buffer): Buffer {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(Date.now()));
    const issuerHash = createHash("sha256").update(spki(authority)).digest();
    const signed = Buffer.concat([
      Buffer.from([0, 0]),
      time,
      Buffer.from([0, 1]),
      issuerHash,
      sized(tbs, 3),
      Buffer.from([0, 0]),
    ]);
    const signature = certificateLog.sign(signed);
    const entry = Buffer.concat([
      Buffer.from([0]),
      idOf(certificateLog),
      time,
      Buffer.from([0, 0, 4, 3]),
      sized(signature, 2),
    ]);
    return sized(sized(entry, 2), 2);
  }

  const logKey = (key: Awaited<ReturnType<typeof makeKey>>) => ({
    baseUrl: "https://log.test",
    hashAlgorithm: "SHA2_256",
    publicKey: {
      rawBytes: spki(key).toString("base64"),
      keyDetails: "PKIX_ECDSA_P256_SHA_256",
      validFor: { start: "2020-01-01T00:00:00Z" },
    },
    logId: { keyId: idOf(key).toString("base64") },
  });

  function logEntry(body: unknown, atMs: number) {
    const canonical = Buffer.from(JSON.stringify(body));
    const logged = {
      body: canonical.toString("base64"),
      integratedTime: Math.floor(atMs / 1000),
      logID: idOf(log).toString("hex"),
      logIndex: 0,
    };
    return { canonical, logged, promise: log.sign(Buffer.from(JSON.stringify(logged))).toString("base64") };
  }

  return {
    trustedRoot: JSON.stringify({
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [logKey(log)],
      ctlogs: [logKey(certificateLog)],
      certificateAuthorities: [
        {
          subject: { organization: "test", commonName: "authority" },
          uri: "https://ca.test",
          certChain: { certificates: [{ rawBytes: Buffer.from(root.rawData).toString("base64") }] },
          validFor: { start: "2020-01-01T00:00:00Z" },
        },
      ],
      timestampAuthorities: [],
    }),
    async annotate(payload, options) {
      const signer = await makeKey();
      const certificate = PemConverter.encode(await certify(signer, options), "CERTIFICATE");
      const signature = signer.sign(payload);
      const { logged, promise } = logEntry(
        {
          apiVersion: "0.0.1",
          kind: "hashedrekord",
          spec: {
            data: { hash: { algorithm: "sha256", value: createHash("sha256").update(payload).digest("hex") } },
            signature: {
              content: signature.toString("base64"),
              publicKey: { content: Buffer.from(certificate).toString("base64") },
            },
          },
        },
        options.atMs ?? Date.now(),
      );
      const annotations = {
        "dev.cosignproject.cosign/signature": signature.toString("base64"),
        "dev.sigstore.cosign/certificate": certificate,
        "dev.sigstore.cosign/bundle": JSON.stringify({ SignedEntryTimestamp: promise, Payload: logged }),
      };
      return { signature, annotations };
    },
    async bundle(statement, options) {
      const signer = await makeKey();
      const certificate = await certify(signer, options);
      const payload = Buffer.from(JSON.stringify(statement));
      const signature = signer.sign(dsseMessage("application/vnd.in-toto+json", payload));
      const { canonical, logged, promise } = logEntry(
        {
          apiVersion: "0.0.1",
          kind: "dsse",
          spec: {
            payloadHash: { algorithm: "sha256", value: createHash("sha256").update(payload).digest("hex") },
            signatures: [{ signature: signature.toString("base64"), verifier: certificate.toString("base64") }],
          },
        },
        options.atMs ?? Date.now(),
      );
      const rootHash = createHash("sha256")
        .update(Buffer.concat([Buffer.from([0]), canonical]))
        .digest();
      const note = `log.test\n1\n${rootHash.toString("base64")}\n`;
      const signed = Buffer.concat([idOf(log).subarray(0, 4), log.sign(Buffer.from(note))]).toString("base64");
      return {
        mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
        verificationMaterial: {
          certificate: { rawBytes: certificate.toString("base64") },
          tlogEntries: [
            {
              logIndex: "0",
              logId: { keyId: idOf(log).toString("base64") },
              kindVersion: { kind: "dsse", version: "0.0.1" },
              integratedTime: String(logged.integratedTime),
              inclusionPromise: { signedEntryTimestamp: promise },
              inclusionProof: {
                logIndex: "0",
                rootHash: rootHash.toString("base64"),
                treeSize: "1",
                hashes: [],
                checkpoint: { envelope: `${note}\n— log.test ${signed}\n` },
              },
              canonicalizedBody: canonical.toString("base64"),
            },
          ],
        },
        dsseEnvelope: {
          payloadType: "application/vnd.in-toto+json",
          payload: payload.toString("base64"),
          signatures: [{ sig: signature.toString("base64"), keyid: "" }],
        },
      };
    },
  };
}

function der(tag: number, body: Buffer): Buffer<ArrayBuffer> {
  const length =
    body.length < 128
      ? Buffer.from([body.length])
      : body.length < 256
        ? Buffer.from([0x81, body.length])
        : Buffer.from([0x82, body.length >> 8, body.length & 255]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
}

function sized(bytes: Buffer, lengthBytes: number): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(bytes.length, 0, lengthBytes);
  return Buffer.concat([length, bytes]);
}

/** The first element of a certificate's sequence, its header included. */
function tbsOf(certificate: Buffer): Buffer {
  const headerBytes = (at: number) => 2 + (certificate[at + 1]! < 128 ? 0 : certificate[at + 1]! & 127);
  const start = headerBytes(0);
  const first = certificate[start + 1]!;
  const length = first < 128 ? first : certificate.readUIntBE(start + 2, first & 127);
  return certificate.subarray(start, start + headerBytes(start) + length);
}

// Our own certificate authority for agents: made on first start, signs the server's certificate and the agents' short-lived ones.
// Promises: a CSR gives its public key and nothing else; subject, names, life and usage are the server's choice.
import "../../base/reflect-metadata.ts";
import { createHash, createPrivateKey, randomBytes, webcrypto, X509Certificate as NodeCertificate } from "node:crypto";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type Extension,
  type JsonGeneralNames,
} from "@peculiar/x509";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { identityUri, isIdentityName, normalSerial, type AgentIdentity } from "./agent-identity.ts";
import { preparePkiFolder, readPem, writePem } from "./certificate-files.ts";

const dayMs = 24 * 3600 * 1000;

export const trustLimits = {
  caDays: 3650,
  serverCertificateDays: 90,
  /** The server's certificate is replaced when less than this is left. */
  serverRenewBeforeDays: 30,
  agentCertificateMs: dayMs,
  /** Certificates are valid from a little before now: clocks of nodes differ. */
  backdateMs: 5 * 60 * 1000,
  csrCharactersMax: 16_384,
} as const;

export interface ServerIdentity {
  readonly keyPem: string;
  /** The server's certificate followed by the CA's, so that a client that holds only the CA's hash can check the chain. */
  readonly chainPem: string;
  readonly expiresAtMs: number;
}

export interface IssuedCertificate {
  readonly certificatePem: string;
  /** Lower-case hex without leading zeros. */
  readonly serial: string;
  readonly expiresAtMs: number;
}

export interface CertificateAuthority {
  readonly caPem: string;
  /** SHA-256 of the CA certificate's DER bytes, lower-case hex: what join tokens carry. */
  readonly caSha256: string;
  /** The server's key and chain, made or renewed when due. `renewed` is true when it was made by this call. */
  server(): Promise<ServerIdentity & { readonly renewed: boolean }>;
  /** Signs a client certificate for this identity over the CSR's key. Throws a Fault for a CSR that is not one. */
  issue(csrPem: string, identity: AgentIdentity): Promise<IssuedCertificate>;
}

export interface CertificateAuthorityOptions {
  /** The pki folder of the data folder. */
  readonly folder: string;
  /** More names or addresses under which agents reach the server. */
  readonly names: readonly string[];
  readonly clock: Clock;
}

const curve = { name: "ECDSA", namedCurve: "P-256" } as const;
const signing = { name: "ECDSA", hash: "SHA-256" } as const;

interface Authority {
  readonly key: CryptoKey;
  readonly certificate: X509Certificate;
}

/** Opens the authority in the folder, or makes it. Throws a Fault when the folder holds only half of it. */
export async function openCertificateAuthority(options: CertificateAuthorityOptions): Promise<CertificateAuthority> {
  const { folder, clock } = options;
  await preparePkiFolder(folder);
  const authority = (await loadAuthority(folder)) ?? (await makeAuthority(folder, clock));
  const caPem = pem(authority.certificate);
  return {
    caPem,
    caSha256: sha256Of(authority.certificate),
    server: () => serverIdentity(authority, options),
    issue: (csrPem, identity) => issueAgentCertificate(authority, csrPem, identity, clock),
  };
}

async function loadAuthority(folder: string): Promise<Authority | undefined> {
  const keyPem = await readPem(folder, "ca.key");
  const certificatePem = await readPem(folder, "ca.crt");
  if (keyPem === undefined && certificatePem === undefined) return undefined;
  if (keyPem === undefined || certificatePem === undefined) {
    throw new Fault(
      `${folder} holds the CA's ${keyPem === undefined ? "certificate without its key" : "key without its certificate"}`,
      {
        code: "trust/half-a-ca",
        kind: "usage",
        hint: "restore the missing file from a backup, or remove both files: every agent must then join again",
      },
    );
  }
  return { key: await importKey(keyPem), certificate: new X509Certificate(certificatePem) };
}

async function makeAuthority(folder: string, clock: Clock): Promise<Authority> {
  const { keyPem, certificatePem } = await newAuthority(clock);
  await keepAuthority(folder, { keyPem, certificatePem });
  return { key: await importKey(keyPem), certificate: new X509Certificate(certificatePem) };
}

/** Key and certificate of an authority as PEM. */
export interface AuthorityPem {
  readonly keyPem: string;
  readonly certificatePem: string;
}

/** A new authority that is kept nowhere yet, with the SHA-256 that join tokens carry. */
export async function newAuthority(clock: Clock): Promise<AuthorityPem & { readonly caSha256: string }> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: `CN=Garrison CA ${randomBytes(4).toString("hex")}`,
    notBefore: new Date(clock.nowMs() - trustLimits.backdateMs),
    notAfter: new Date(clock.nowMs() + trustLimits.caDays * dayMs),
    signingAlgorithm: signing,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    keyPem: await exportKey(keys.privateKey),
    certificatePem: pem(certificate),
    caSha256: sha256Of(certificate),
  };
}

/** Writes both files. The key first: a certificate without its key is useless, a key without its certificate is a clear fault. */
export async function keepAuthority(folder: string, { keyPem, certificatePem }: AuthorityPem): Promise<void> {
  await writePem(folder, "ca.key", keyPem);
  await writePem(folder, "ca.crt", certificatePem);
}

function sha256Of(certificate: X509Certificate): string {
  return createHash("sha256").update(new Uint8Array(certificate.rawData)).digest("hex");
}

async function serverIdentity(
  authority: Authority,
  options: CertificateAuthorityOptions,
): Promise<ServerIdentity & { renewed: boolean }> {
  const { folder, clock } = options;
  const names = ["localhost", "127.0.0.1", "::1", ...options.names];
  const keyPem = await readPem(folder, "server.key");
  const chainPem = await readPem(folder, "server.crt");
  if (keyPem !== undefined && chainPem !== undefined) {
    const expiresAtMs = usableUntil(chainPem, keyPem, names, authority);
    if (expiresAtMs - clock.nowMs() > trustLimits.serverRenewBeforeDays * dayMs) {
      return { keyPem, chainPem, expiresAtMs, renewed: false };
    }
  }
  const keys = await makeKeys();
  const expiresAtMs = clock.nowMs() + trustLimits.serverCertificateDays * dayMs;
  const certificate = await sign(authority, keys.publicKey, {
    subject: "CN=garrison-server",
    names: names.map((name) => ({ type: isIP(name) === 0 ? ("dns" as const) : ("ip" as const), value: name })),
    usage: ExtendedKeyUsage.serverAuth,
    notBeforeMs: clock.nowMs() - trustLimits.backdateMs,
    notAfterMs: expiresAtMs,
  });
  const made = {
    keyPem: await exportKey(keys.privateKey),
    chainPem: `${pem(certificate)}${pem(authority.certificate)}`,
  };
  await writePem(folder, "server.key", made.keyPem);
  await writePem(folder, "server.crt", made.chainPem);
  return { ...made, expiresAtMs, renewed: true };
}

/** Until when a kept server certificate serves; 0 when it is not ours, not of this key, or lacks a name. */
function usableUntil(chainPem: string, keyPem: string, names: readonly string[], authority: Authority): number {
  const certificate = new NodeCertificate(chainPem);
  const issuer = new NodeCertificate(pem(authority.certificate));
  if (!certificate.verify(issuer.publicKey)) return 0;
  if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) return 0;
  const covers = (name: string) =>
    isIP(name) === 0 ? certificate.checkHost(name) !== undefined : certificate.checkIP(name) !== undefined;
  return names.every(covers) ? Date.parse(certificate.validTo) : 0;
}

async function issueAgentCertificate(
  authority: Authority,
  csrPem: string,
  identity: AgentIdentity,
  clock: Clock,
): Promise<IssuedCertificate> {
  if (!isIdentityName(identity.cluster) || !isIdentityName(identity.node)) {
    throw new Fault("the node's name cannot be put into a certificate", {
      code: "trust/bad-name",
      kind: "usage",
      hint: "use letters, digits, '.', '_' and '-', at most 253, starting and ending with a letter or digit",
    });
  }
  const publicKey = await keyOfRequest(csrPem);
  const expiresAtMs = clock.nowMs() + trustLimits.agentCertificateMs;
  const certificate = await sign(authority, publicKey, {
    subject: "CN=garrison-agent",
    names: [{ type: "url", value: identityUri(identity) }],
    usage: ExtendedKeyUsage.clientAuth,
    notBeforeMs: clock.nowMs() - trustLimits.backdateMs,
    notAfterMs: expiresAtMs,
  });
  return { certificatePem: pem(certificate), serial: normalSerial(certificate.serialNumber), expiresAtMs };
}

/** The public key of a PKCS #10 request whose own signature holds (RFC 2986); P-256 only. Its subject and extensions are not read. */
async function keyOfRequest(csrPem: string): Promise<CryptoKey> {
  if (csrPem.length > trustLimits.csrCharactersMax) throw badRequest("it is too long");
  let isSigned = false;
  let publicKey: CryptoKey | undefined;
  try {
    const request = new Pkcs10CertificateRequest(csrPem);
    isSigned = await request.verify();
    publicKey = await request.publicKey.export(curve, ["verify"]);
  } catch (error) {
    throw badRequest("it cannot be read, or its key is not ECDSA P-256", error);
  }
  if (!isSigned || publicKey === undefined) throw badRequest("its signature does not fit its key");
  return publicKey;
}

function badRequest(because: string, cause?: unknown): Fault {
  return new Fault(`the certificate request is refused: ${because}`, {
    code: "trust/bad-csr",
    kind: "usage",
    hint: "send a PEM PKCS #10 request signed with a fresh ECDSA P-256 key",
    cause,
  });
}

interface Wanted {
  readonly subject: string;
  readonly names: JsonGeneralNames;
  readonly usage: ExtendedKeyUsage;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

async function sign(authority: Authority, publicKey: CryptoKey, wanted: Wanted): Promise<X509Certificate> {
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([wanted.usage], true),
    new SubjectAlternativeNameExtension(wanted.names),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
  ];
  return X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: wanted.subject,
    issuer: authority.certificate.subject,
    notBefore: new Date(wanted.notBeforeMs),
    notAfter: new Date(wanted.notAfterMs),
    signingAlgorithm: signing,
    publicKey,
    signingKey: authority.key,
    extensions,
  });
}

/** 127 random bits with the highest one set: positive, never with a leading zero that one reader prints and another drops. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
}

async function exportKey(key: CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY") + "\n";
}

async function importKey(text: string): Promise<CryptoKey> {
  try {
    const der = createPrivateKey(text).export({ format: "der", type: "pkcs8" });
    return await webcrypto.subtle.importKey("pkcs8", der, curve, false, ["sign"]);
  } catch (error) {
    throw new Fault("the CA's key in the pki folder cannot be read", {
      code: "trust/bad-ca-key",
      kind: "usage",
      hint: "restore ca.key from a backup, or remove ca.key and ca.crt: every agent must then join again",
      cause: error,
    });
  }
}

function pem(certificate: X509Certificate): string {
  return certificate.toString("pem") + "\n";
}

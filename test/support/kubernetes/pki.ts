// Certificates and kubeconfigs for a test cluster, made in memory: two authorities as the API server wants them. Lives a day.
import "../../../src/base/reflect-metadata.ts";
import { generateKeyPairSync, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type Extension,
} from "@peculiar/x509";
import { stringify } from "yaml";

const curve = { name: "ECDSA", namedCurve: "P-256" } as const;
const signing = { name: "ECDSA", hash: "SHA-256" } as const;
const lifeMs = 24 * 3600 * 1000;
const backdateMs = 3600 * 1000;

export interface KeyAndCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface CertificateWanted {
  readonly commonName: string;
  /** Becomes O=, which Kubernetes reads as the user's group. */
  readonly group?: string;
  /** DNS names and addresses; a certificate with names serves, one without is a client's. */
  readonly names?: readonly string[];
}

export interface Authority {
  readonly caPem: string;
  issue(wanted: CertificateWanted): Promise<KeyAndCertificate>;
}

export async function makeAuthority(commonName: string): Promise<Authority> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...common(),
    name: `CN=${commonName}`,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature, true),
    ],
  });
  return {
    caPem: `${certificate.toString("pem")}\n`,
    async issue({ commonName: subject, group, names = [] }) {
      const own = await makeKeys();
      const extensions: Extension[] = [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        // The kubelet's and the API server's certificates serve as client certificates too.
        new ExtendedKeyUsageExtension([
          ExtendedKeyUsage.clientAuth,
          ...(names.length === 0 ? [] : [ExtendedKeyUsage.serverAuth]),
        ]),
      ];
      if (names.length > 0) {
        const alternatives = names.map((value) => ({
          type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const),
          value,
        }));
        extensions.push(new SubjectAlternativeNameExtension(alternatives));
      }
      const issued = await X509CertificateGenerator.create({
        ...common(),
        subject: group === undefined ? `CN=${subject}` : `O=${group}, CN=${subject}`,
        issuer: certificate.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions,
      });
      const key = await webcrypto.subtle.exportKey("pkcs8", own.privateKey);
      return {
        certificatePem: `${issued.toString("pem")}\n`,
        keyPem: `${PemConverter.encode(key, "PRIVATE KEY")}\n`,
      };
    },
  };
}

function common() {
  const serial = randomBytes(8);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return {
    serialNumber: serial.toString("hex"),
    notBefore: new Date(Date.now() - backdateMs),
    notAfter: new Date(Date.now() + lifeMs),
    signingAlgorithm: signing,
  };
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
}

/** The key pair for service accounts' tokens. RSA, since the signer of legacy token secrets is only sure to know that. */
export function makeTokenKeys(): { readonly privatePem: string; readonly publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    privatePem: privateKey.export({ format: "pem", type: "pkcs1" }),
    publicPem: publicKey.export({ format: "pem", type: "spki" }),
  };
}

export type KubeconfigUser = KeyAndCertificate | { readonly token: string };

export interface KubeconfigWanted {
  readonly server: string;
  readonly caPem: string;
  readonly user: KubeconfigUser;
  readonly namespace?: string;
}

/** A kubeconfig with everything inside, as text. */
export function kubeconfigText({ server, caPem, user, namespace }: KubeconfigWanted): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const credentials =
    "token" in user
      ? { token: user.token }
      : { "client-certificate-data": base64(user.certificatePem), "client-key-data": base64(user.keyPem) };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "certificate-authority-data": base64(caPem) } }],
    users: [{ name: "test", user: credentials }],
    contexts: [
      { name: "test", context: { cluster: "test", user: "test", ...(namespace === undefined ? {} : { namespace }) } },
    ],
    "current-context": "test",
  });
}

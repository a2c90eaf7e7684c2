// A new P-256 key and a PKCS #10 request for it. Loaded only when joining or renewing: the X.509 library is large.
import "../../base/reflect-metadata.ts";
import { webcrypto } from "node:crypto";
import { PemConverter, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";

/** The request's subject is a formality: the server chooses every name itself. */
export async function makeSigningRequest(): Promise<{ readonly keyPem: string; readonly csrPem: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=garrison-agent",
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { keyPem: PemConverter.encode(pkcs8, "PRIVATE KEY"), csrPem: request.toString("pem") };
}

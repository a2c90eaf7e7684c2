// Who a client certificate speaks for: the cluster and node of its one URI name, and nothing else in it.
// Names are held to a small alphabet, so that an identity never becomes a path, a quote or a second identity.
import type { X509Certificate } from "node:crypto";

export interface AgentIdentity {
  readonly cluster: string;
  readonly node: string;
}

/** Letters, digits, '.', '_' and '-', starting and ending with a letter or digit; a superset of Kubernetes node names. */
const namePattern = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;

/** Extended key usage "TLS client" (RFC 5280, 4.2.1.12). */
const clientAuthenticationOid = "1.3.6.1.5.5.7.3.2";

/** Whether a cluster or node name may be put into a certificate; at most 253 characters, no "..". */
export function isIdentityName(name: string): boolean {
  return namePattern.test(name) && !name.includes("..");
}

/** The URI name that carries an identity, e.g. "garrison://cluster/home/node/local". */
export function identityUri(identity: AgentIdentity): string {
  return `garrison://cluster/${identity.cluster}/node/${identity.node}`;
}

/** The identity in a certificate's subject alternative names as node:crypto prints them, or undefined when it is not exactly one. */
export function identityOfNames(subjectAltName: string | undefined): AgentIdentity | undefined {
  const match = /^URI:garrison:\/\/cluster\/([^/,"]+)\/node\/([^/,"]+)$/.exec(subjectAltName ?? "");
  const cluster = match?.[1];
  const node = match?.[2];
  if (cluster === undefined || node === undefined || !isIdentityName(cluster) || !isIdentityName(node))
    return undefined;
  return { cluster, node };
}

/** The identity of a presented certificate that its caller has verified against our CA; undefined for any other kind of certificate. */
export function identityOf(certificate: X509Certificate): AgentIdentity | undefined {
  const isClient = certificate.keyUsage?.includes(clientAuthenticationOid) ?? false;
  if (certificate.ca || !isClient) return undefined;
  return identityOfNames(certificate.subjectAltName);
}

/** A serial number as the state store keeps it: lower-case hex without leading zeros. */
export function normalSerial(serial: string): string {
  const trimmed = serial.toLowerCase().replace(/^0+/, "");
  return trimmed === "" ? "0" : trimmed;
}

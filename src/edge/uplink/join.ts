// First contact and renewal. The server proves itself against the CA hash in the token before the token's secret is sent.
import { createHash, X509Certificate } from "node:crypto";
import { connect as tlsConnect, type DetailedPeerCertificate } from "node:tls";
import type { ClientHttp2Session } from "node:http2";
import { Fault } from "../../base/fault.ts";
import {
  agentPaths,
  CertificateReply,
  type JoinRequest,
  type JoinToken,
  type RenewRequest,
} from "../../model/agent-protocol.ts";
import type { Credentials } from "./credentials.ts";
import { faultOfAnswer, openSession, postJson, sessionLimits, type Answer } from "./session.ts";

const chainLengthMax = 8;

/**
 * Joins: fetches the presented chain, takes from it the CA whose hash the token carries, and only over a second connection that is verified
 * against that CA sends the secret. Faults: "uplink/wrong-ca" (nothing was sent), or the server's own refusal.
 */
export async function join(
  server: URL,
  token: JoinToken,
  about: { readonly node: string; readonly agentVersion: string },
): Promise<Credentials> {
  const caPem = await pinnedCa(server, token.caSha256);
  const { makeSigningRequest } = await import("./signing-request.ts");
  const { keyPem, csrPem } = await makeSigningRequest();
  const session = await openSession(server, { caPem });
  try {
    const request: JoinRequest = { secret: token.secret, node: about.node, csrPem, agentVersion: about.agentVersion };
    const reply = replyOf(agentPaths.join, await postJson(session, agentPaths.join, request));
    return accept(reply, keyPem, caPem);
  } finally {
    session.destroy();
  }
}

/** A new key and certificate for the same identity, over a session that the old certificate opened. */
export async function renew(session: ClientHttp2Session, credentials: Credentials): Promise<Credentials> {
  const { makeSigningRequest } = await import("./signing-request.ts");
  const { keyPem, csrPem } = await makeSigningRequest();
  const request: RenewRequest = { csrPem };
  const reply = replyOf(agentPaths.renew, await postJson(session, agentPaths.renew, request));
  return accept(reply, keyPem, credentials.caPem);
}

function replyOf(path: string, answer: Answer): CertificateReply {
  if (answer.status !== 200) throw faultOfAnswer(path, answer);
  const reply = CertificateReply.safeParse(jsonOf(answer.text));
  if (reply.success) return reply.data;
  throw new Fault(`the server's answer to ${path} is not a certificate`, {
    code: "uplink/bad-reply",
    kind: "unavailable",
    hint: "agent and server must be of matching versions",
    retryAfterMs: 30_000,
  });
}

/** The trusted CA stays the one that was verified, whatever the reply says. */
function accept(reply: CertificateReply, keyPem: string, caPem: string): Credentials {
  const certificate = new X509Certificate(reply.certificatePem);
  if (!certificate.verify(new X509Certificate(caPem).publicKey)) {
    throw new Fault("the server sent a certificate that its own CA did not sign", {
      code: "uplink/bad-reply",
      kind: "unavailable",
    });
  }
  return { keyPem, certificatePem: reply.certificatePem, caPem, cluster: reply.cluster, node: reply.node };
}

/** Looks at the chain that the server presents, sending nothing; returns the certificate with that hash as PEM. */
async function pinnedCa(server: URL, caSha256: string): Promise<string> {
  const chain = await presentedChain(server);
  const ca = chain.find((raw) => createHash("sha256").update(raw).digest("hex") === caSha256);
  if (ca !== undefined) return new X509Certificate(ca).toString();
  throw new Fault(
    `the server at ${server.host} does not have the CA that the join token names; the token was not sent`,
    {
      code: "uplink/wrong-ca",
      kind: "forbidden",
      hint: "the token is of another server, or somebody stands between: make a new token on the server meant",
    },
  );
}

function presentedChain(server: URL): Promise<readonly Buffer[]> {
  return new Promise((resolve, reject) => {
    const host = server.hostname.replace(/^\[|\]$/g, "");
    // Not verified on purpose: only the presented certificates are read here, and nothing is sent.
    const socket = tlsConnect({
      host,
      port: Number(server.port === "" ? "443" : server.port),
      ALPNProtocols: ["h2"],
      rejectUnauthorized: false,
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    });
    socket.setTimeout(sessionLimits.connectMsMax, () => socket.destroy(new Error("no answer in time")));
    socket.once("secureConnect", () => {
      const raws: Buffer[] = [];
      let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
      while (certificate?.raw !== undefined && raws.length < chainLengthMax) {
        raws.push(certificate.raw);
        certificate = certificate.issuerCertificate === certificate ? undefined : certificate.issuerCertificate;
      }
      resolve(raws);
      socket.destroy();
    });
    socket.once("error", (cause) =>
      reject(
        new Fault(`the server at ${server.host} cannot be reached: ${cause.message}`, {
          code: "uplink/unreachable",
          kind: "unavailable",
          hint: "check the server address and that the server runs",
          retryAfterMs: 1000,
          cause,
        }),
      ),
    );
    socket.once("close", () => resolve([]));
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema
  }
}

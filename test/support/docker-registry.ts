// Debian's docker-registry on loopback, in a folder of its own: open, with passwords (htpasswd), or with tokens of a realm that lives in this process.
import { spawn, execFile } from "node:child_process";
import { createSign, randomBytes, webcrypto } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import "../../src/base/reflect-metadata.ts";
import { PemConverter, X509CertificateGenerator } from "@peculiar/x509";
import { makeServingIdentity } from "../../src/edge/kube-server/certificates.ts";

const run = promisify(execFile);

export const user = "ann";
export const password = "made-up-password-7";

export interface DockerRegistry {
  /** "127.0.0.1:PORT" or "localhost:PORT". */
  readonly host: string;
  /** PEM of the authority, with tls; "" without. */
  readonly ca: string;
  /** Flags of skopeo for this registry as destination. */
  readonly skopeoTo: readonly string[];
  /** What the realm was asked for: paths with their queries. */
  readonly realmAsked: readonly string[];
  readonly realmHost: string;
  stop(): Promise<void>;
}

/** What is missing on this machine, or "". */
export function registryMissing(): string {
  const wanted = ["/usr/bin/docker-registry", "/usr/bin/skopeo", "/usr/bin/umoci", "/usr/bin/htpasswd"];
  const absent = wanted.filter((program) => !existsSync(program));
  return absent.length === 0 ? "" : `${absent.join(", ")} (Debian: docker-registry, skopeo, umoci, apache2-utils)`;
}

export async function startDockerRegistry(auth: "open" | "password" | "token", tls = false): Promise<DockerRegistry> {
  const folder = await mkdtemp(path.join(tmpdir(), "garrison-registry-"));
  const port = await freePort();
  const realm = auth === "token" ? await startRealm(folder) : undefined;
  const identity = tls ? await makeServingIdentity(Date.now()) : undefined;
  const lines = [
    "version: 0.1",
    "log: { level: error }",
    `storage: { filesystem: { rootdirectory: "${folder}/data" }, delete: { enabled: true } }`,
    `http:`,
    `  addr: 127.0.0.1:${port}`,
  ];
  if (identity !== undefined) {
    await writeFile(`${folder}/tls.crt`, identity.certificatePem);
    await writeFile(`${folder}/tls.key`, identity.keyPem);
    await mkdir(`${folder}/trust`);
    await writeFile(`${folder}/trust/ca.crt`, identity.caPem);
    lines.push(`  tls: { certificate: "${folder}/tls.crt", key: "${folder}/tls.key" }`);
  }
  if (auth === "password") {
    const { stdout } = await run("htpasswd", ["-Bbn", user, password]);
    await writeFile(`${folder}/htpasswd`, stdout);
    lines.push(`auth: { htpasswd: { realm: test, path: "${folder}/htpasswd" } }`);
  }
  if (realm !== undefined) {
    lines.push(
      `auth: { token: { realm: "http://${realm.host}/token", service: test-registry, issuer: test-issuer, rootcertbundle: "${folder}/token.crt" } }`,
    );
  }
  await writeFile(`${folder}/config.yml`, `${lines.join("\n")}\n`);
  const child = spawn("/usr/bin/docker-registry", ["serve", `${folder}/config.yml`], { stdio: "ignore" });
  await untilListening(port).catch(async (thrown: unknown) => {
    child.kill("SIGKILL");
    await realm?.close();
    throw thrown;
  });
  const host = `${tls ? "localhost" : "127.0.0.1"}:${port}`;
  const trust = tls ? ["--dest-cert-dir", `${folder}/trust`] : ["--dest-tls-verify=false"];
  return {
    host,
    ca: identity?.caPem ?? "",
    skopeoTo: [...trust, ...(auth === "open" ? [] : ["--dest-creds", `${user}:${password}`])],
    realmAsked: realm?.asked ?? [],
    realmHost: realm?.host ?? "",
    async stop() {
      child.kill("SIGTERM");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await realm?.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function skopeo(...args: readonly string[]): Promise<string> {
  return (await run("/usr/bin/skopeo", ["--insecure-policy", ...args])).stdout;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const socket = net.connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    const isListening = await promise;
    socket.destroy();
    if (isListening) return;
    if (tries > 1200) throw new Error("docker-registry does not listen");
    await wait(50);
  }
}

/** Docker's token protocol: Basic in, a signed JWT out that names what was asked for. */
async function startRealm(folder: string) {
  const keys = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(8).toString("hex").replace(/^./, "1"),
    name: "CN=test-issuer",
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 24 * 3_600_000),
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    keys,
  });
  await writeFile(`${folder}/token.crt`, `${certificate.toString("pem")}\n`);
  const key = PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url ?? "");
    const url = new URL(request.url ?? "/", "http://realm");
    const expected = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    if (request.headers.authorization !== expected) return void response.writeHead(401).end();
    const access = url.searchParams.getAll("scope").flatMap((scope) => {
      const [type = "", name = "", actions = ""] = scope.split(":");
      return type === "" ? [] : [{ type, name, actions: actions.split(",") }];
    });
    const seconds = Math.floor(Date.now() / 1000);
    const head = { typ: "JWT", alg: "ES256", x5c: [Buffer.from(certificate.rawData).toString("base64")] };
    const claims = {
      iss: "test-issuer",
      sub: user,
      aud: "test-registry",
      exp: seconds + 300,
      nbf: seconds - 10,
      iat: seconds,
      jti: randomBytes(8).toString("hex"),
      access,
    };
    const encode = (data: unknown) => Buffer.from(JSON.stringify(data)).toString("base64url");
    const signed = `${encode(head)}.${encode(claims)}`;
    const signature = createSign("sha256")
      .update(signed)
      .sign({ key, dsaEncoding: "ieee-p1363" })
      .toString("base64url");
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ token: `${signed}.${signature}`, expires_in: 300 }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    asked,
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

// A registry in this process for tests: serves what it was given, counts and records what is asked, and misbehaves where a test says so.
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { sha256Of } from "./tar.ts";

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** Answers a request itself (true), or leaves it to the registry. */
export type Trick = (request: SeenRequest, response: http.ServerResponse) => boolean;

export interface ScriptedRegistry {
  /** "127.0.0.1:PORT". */
  readonly host: string;
  readonly seen: SeenRequest[];
  /** Asked in order, before the content. */
  readonly tricks: Trick[];
  blob(bytes: Uint8Array): { digest: string; size: number };
  manifest(
    repository: string,
    tag: string,
    document: unknown,
    mediaType?: string,
  ): { digest: string; size: number; mediaType: string };
  /** A whole image of these layers (tars as stored). */
  image(
    repository: string,
    tag: string,
    layers: readonly Uint8Array[],
    more?: Record<string, unknown>,
  ): { digest: string; size: number; mediaType: string };
  close(): Promise<void>;
}

export const manifestType = "application/vnd.oci.image.manifest.v1+json";
export const indexType = "application/vnd.oci.image.index.v1+json";

/** With a certificate it speaks TLS, and asks for one of its clients without insisting. */
export async function scriptedRegistry(tls?: {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}): Promise<ScriptedRegistry> {
  const blobs = new Map<string, Uint8Array>();
  const manifests = new Map<string, { bytes: Buffer; mediaType: string; digest: string }>();
  const seen: SeenRequest[] = [];
  const tricks: Trick[] = [];
  const listener = (request: http.IncomingMessage, response: http.ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const asked = { method, url, headers, body: Buffer.concat(chunks).toString() };
      seen.push(asked);
      if (!tricks.some((trick) => trick(asked, response))) serve(asked, response);
    });
  };
  const server =
    tls === undefined
      ? http.createServer(listener)
      : https.createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  function serve({ url, headers }: SeenRequest, response: http.ServerResponse): void {
    const path = url.split("?")[0] ?? "";
    const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path);
    if (path === "/v2/") return void response.writeHead(200).end("{}");
    const [, repository = "", kind = "", name = ""] = match ?? [];
    if (kind === "manifests") {
      const found = manifests.get(`${repository}/${name}`);
      if (found === undefined) return unknown(response, "MANIFEST_UNKNOWN");
      return void response
        .writeHead(200, {
          "content-type": found.mediaType,
          "docker-content-digest": found.digest,
          "content-length": found.bytes.length,
        })
        .end(found.bytes);
    }
    const bytes = blobs.get(name);
    if (bytes === undefined) return unknown(response, "BLOB_UNKNOWN");
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    const range = start === 0 ? {} : { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
    response
      .writeHead(start === 0 ? 200 : 206, { "content-length": bytes.length - start, ...range })
      .end(bytes.subarray(start));
  }

  const registry: ScriptedRegistry = {
    host,
    seen,
    tricks,
    blob(bytes) {
      blobs.set(sha256Of(bytes), bytes);
      return { digest: sha256Of(bytes), size: bytes.length };
    },
    manifest(repository, tag, document, mediaType = manifestType) {
      const bytes = document instanceof Uint8Array ? Buffer.from(document) : Buffer.from(JSON.stringify(document));
      const digest = sha256Of(bytes);
      for (const name of [tag, digest]) manifests.set(`${repository}/${name}`, { bytes, mediaType, digest });
      return { digest, size: bytes.length, mediaType };
    },
    image(repository, tag, layers, more = {}) {
      const config = {
        architecture: "amd64",
        os: "linux",
        rootfs: { type: "layers", diff_ids: layers.map((layer) => sha256Of(layer)) },
        ...more,
      };
      const type = { mediaType: "application/vnd.oci.image.config.v1+json" };
      const layerType = { mediaType: "application/vnd.oci.image.layer.v1.tar" };
      return registry.manifest(repository, tag, {
        schemaVersion: 2,
        mediaType: manifestType,
        config: { ...type, ...registry.blob(Buffer.from(JSON.stringify(config))) },
        layers: layers.map((layer) => ({ ...layerType, ...registry.blob(layer) })),
      });
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return registry;
}

function unknown(response: http.ServerResponse, code: string): void {
  response
    .writeHead(404, { "content-type": "application/json" })
    .end(JSON.stringify({ errors: [{ code, message: "unknown" }] }));
}

// The built console from one folder: only files that were listed, hashed ones cached for ever, every other path is the start page.
// Nothing here carries data, so no credential is asked for.
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const compress = promisify(gzip);

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};
const compressible = new Set([".html", ".js", ".css", ".json", ".svg", ".webmanifest", ".txt", ".wasm"]);
/** Files of the console that are held in memory; more (or larger ones) are not served. */
export const consoleLimits = { filesMax: 500, fileBytesMax: 8 * 1024 * 1024, lookAgainMs: 1000 } as const;

interface ServedFile {
  readonly type: string;
  readonly etag: string;
  readonly isHashed: boolean;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer> | undefined;
}

export interface ConsoleFiles {
  respond(request: Request): Promise<Response>;
  /** Why there is no console, or "" when there is. */
  missing(): Promise<string>;
}

async function load(file: string): Promise<ServedFile> {
  const plain = new Uint8Array(await readFile(file));
  const extension = path.extname(file);
  const gzipped =
    compressible.has(extension) && plain.byteLength > 1024 ? new Uint8Array(await compress(plain)) : undefined;
  return {
    type: types[extension] ?? "application/octet-stream",
    etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
    // Vite's names: index-BxYz12_a.js
    isHashed: /-[\w-]{8,}\.\w+$/.test(path.basename(file)),
    plain,
    gzipped,
  };
}

async function list(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.endsWith(".map") || found.size >= consoleLimits.filesMax) continue;
    const file = path.join(entry.parentPath, entry.name);
    if ((await stat(file)).size > consoleLimits.fileBytesMax) continue;
    found.set(`/${path.relative(folder, file).split(path.sep).join("/")}`, file);
  }
  return found;
}

/** Serves `folder`, looked at again when its index.html changes. A missing one is answered with a page that says so. */
export function consoleFiles(folder: string, nowMs: () => number): ConsoleFiles {
  const index = path.join(folder, "index.html");
  let listed = new Map<string, string>();
  let loaded = new Map<string, Promise<ServedFile>>();
  let stamp = -1;
  let lookedMs = Number.NEGATIVE_INFINITY;

  async function refresh(): Promise<void> {
    if (nowMs() - lookedMs < consoleLimits.lookAgainMs) return;
    lookedMs = nowMs();
    const found = await stat(index).catch(() => undefined);
    const newStamp = found?.mtimeMs ?? -1;
    if (newStamp === stamp) return;
    listed = newStamp === -1 ? new Map<string, string>() : await list(folder);
    loaded = new Map<string, Promise<ServedFile>>();
    stamp = newStamp;
  }

  function get(name: string): Promise<ServedFile> | undefined {
    const file = listed.get(name);
    if (file === undefined) return undefined;
    let entry = loaded.get(name);
    if (entry === undefined) {
      entry = load(file);
      loaded.set(name, entry);
    }
    return entry;
  }

  return {
    async missing() {
      await refresh();
      return stamp === -1 ? `no built console in ${folder}` : "";
    },
    async respond(request) {
      await refresh();
      const name = decodePath(new URL(request.url).pathname);
      const exact = await get(name);
      if (exact === undefined && isAsset(name)) return text(404, "not found\n");
      const file = exact ?? (await get("/index.html"));
      return file === undefined ? text(503, notBuilt, "text/html; charset=utf-8") : answerFile(file, request);
    },
  };
}

/**
 * A missing asset is not a page: answering it with HTML would hide the error. Assets lie in /assets or at the root ("/favicon.ico");
 * deeper addresses are pages, whose last part is a name and may hold a dot ("/workloads/local/host/SystemdUnit/ssh.service").
 */
function isAsset(name: string): boolean {
  if (path.extname(name) === "") return false;
  const [first, ...more] = name.split("/").slice(1);
  return first === "assets" || more.length === 0 || [first, ...more].some((part) => /^\.{0,2}$/.test(part ?? ""));
}

function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return "/";
  }
}

function answerFile(file: ServedFile, request: Request): Response {
  const headers = new Headers({
    "content-type": file.type,
    etag: file.etag,
    "cache-control": file.isHashed ? "public, max-age=31536000, immutable" : "no-cache",
    vary: "accept-encoding",
  });
  if (request.headers.get("if-none-match") === file.etag) return new Response(null, { status: 304, headers });
  const mayGzip = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  if (mayGzip && file.gzipped !== undefined) {
    headers.set("content-encoding", "gzip");
    return new Response(file.gzipped, { headers });
  }
  return new Response(file.plain, { headers });
}

function text(status: number, body: string, type = "text/plain; charset=utf-8"): Response {
  return new Response(body, { status, headers: { "content-type": type, "cache-control": "no-store" } });
}

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Garrison: the console is not built</title>
<body style="font-family:system-ui;max-width:40rem;margin:4rem auto;line-height:1.5">
<h1>The console is not built</h1><p>The server runs and its API answers, but the console's files are not there.</p>
<p>Build them with <code>npm run build --workspace ui</code> and reload this page; <code>npm start</code> does it by itself.</p>
<p>Until then: <code>npx garrison status</code>.</p></body></html>
`;

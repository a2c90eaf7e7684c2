// What image.bench.ts scans where the large image cannot be built: the largest Debian image that tests have left, else a layer of this machine's own programs and libraries.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const packMsMax = 4 * 60_000;
const bytesMax = 1500 * 1024 * 1024;

/** An OCI layout's folder. Throws when not even that can be made. */
export function smallerImage(folder: string): string {
  return builtBefore() ?? ofThisMachine(folder);
}

function builtBefore(): string | undefined {
  const cache = process.env["GARRISON_DEBIAN_IMAGES"] ?? path.join(os.tmpdir(), "garrison-debian-images");
  if (!existsSync(cache)) return undefined;
  const layouts = readdirSync(cache)
    .map((name) => path.join(cache, name, "oci"))
    .filter((layout) => !layout.includes(".building") && existsSync(path.join(layout, "index.json")));
  return layouts.toSorted((left, right) => bytesOf(right) - bytesOf(left))[0];
}

function bytesOf(layout: string): number {
  const blobs = path.join(layout, "blobs", "sha256");
  return readdirSync(blobs).reduce((sum, name) => sum + statSync(path.join(blobs, name)).size, 0);
}

function ofThisMachine(folder: string): string {
  const blobs = path.join(folder, "blobs", "sha256");
  mkdirSync(blobs, { recursive: true });
  const packed = path.join(folder, "layer.tar.gz");
  const script =
    'set -o pipefail; { tar -C / -cf - usr/bin usr/lib var/lib/dpkg || true; } | tee >(sha256sum >"$2") | gzip >"$1"';
  const sum = path.join(folder, "diff-id");
  const done = spawnSync("bash", ["-c", script, "bash", packed, sum], { encoding: "utf8", timeout: packMsMax });
  if (done.status !== 0 || statSync(packed).size > bytesMax) throw new Error(`no layer of /usr: ${done.stderr}`);
  const diffId = readFileSync(sum, "utf8").slice(0, 64);
  const hash = createHash("sha256").update(readFileSync(packed)).digest("hex");
  const layer = { digest: `sha256:${hash}`, size: statSync(packed).size };
  renameSync(packed, path.join(blobs, hash));
  const put = (value: object) => {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(path.join(blobs, digest), bytes);
    return { digest: `sha256:${digest}`, size: bytes.length };
  };
  const oci = "application/vnd.oci.image";
  const config = put({
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [`sha256:${diffId}`] },
  });
  const manifest = put({
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: { mediaType: `${oci}.config.v1+json`, ...config },
    layers: [{ mediaType: `${oci}.layer.v1.tar+gzip`, ...layer }],
  });
  const row = { mediaType: `${oci}.manifest.v1+json`, ...manifest };
  writeFileSync(path.join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [row] }));
  writeFileSync(path.join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  return folder;
}

// What the tests of the pass share: images of layers written to a scratch folder, scanned, and checked against the model.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { ImageAnalysis } from "../../../model/image-analysis.ts";
import { tarOf, writeOciLayout, type OciLayer, type TarEntry } from "../../../../test/support/tar.ts";
import { openImage } from "../open-image.ts";
import { analyseImage, type AnalyseImageOptions } from "./analyse-image.ts";

export const scratch = mkdtempSync(path.join(os.tmpdir(), "garrison-pass-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;

/** Scans an image with these layers and checks the result against the model. */
export async function scan(
  layers: readonly (readonly TarEntry[] | OciLayer)[],
  options: Partial<AnalyseImageOptions> = {},
  config = {},
): Promise<ImageAnalysis> {
  const folder = path.join(scratch, `image-${folders++}`);
  writeOciLayout(folder, {
    layers: layers.map((layer) => (Array.isArray(layer) ? tarOf(layer as TarEntry[]) : (layer as OciLayer))),
    config,
  });
  await using source = await openImage({ kind: "oci-layout", path: folder });
  return { ...ImageAnalysis.parse(await analyseImage(source, { secrets: false, ...options })), reference: "" };
}

export const status = (...names: readonly string[]) =>
  names
    .map(
      (name) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\nDescription: x\n`,
    )
    .join("\n");
export const release = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n';
export const module = (name: string, version = "1.0.0") => JSON.stringify({ name, version });

export const base: readonly TarEntry[] = [
  { path: "etc/os-release", kind: "symlink", linkTarget: "../usr/lib/os-release" },
  { path: "usr/lib/os-release", body: release },
  { path: "lib", kind: "symlink", linkTarget: "usr/lib" },
  { path: "usr/lib/libz.so.1", body: "x" },
  { path: "usr/bin/sudo", body: "x", mode: 0o4755, uid: 0, gid: 7 },
  { path: "bin/sh", kind: "symlink", linkTarget: "dash" },
  { path: "etc/passwd", body: "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/:/bin/false\nbroken\n" },
  { path: "var/lib/dpkg/status", body: status("zlib1g", "node-semver") },
  { path: "var/lib/dpkg/info/zlib1g:amd64.list", body: "/.\n/lib\n/lib/libz.so.1\n" },
  {
    path: "var/lib/dpkg/info/node-semver.list",
    body: "/.\n/usr/share/nodejs/semver\n/usr/share/nodejs/semver/package.json\n",
  },
  { path: "usr/share/nodejs/semver/package.json", body: module("semver", "7.3.5") },
];

export const names = (analysis: ImageAnalysis) =>
  analysis.packages.map((one) => `${one.type}/${one.name}@${one.version}`);
export const node = (name: string, version?: string): TarEntry => ({
  path: `app/node_modules/${name}/package.json`,
  body: module(name, version),
});

// CPU of the secret search over the repository's own installed packages (text of every kind), against inflating the same bytes, alternated in one run.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { createSecretSearch } from "../../src/core/sbom/secrets/find-secrets.ts";
import { fileOf, testTools } from "../support/catalog.ts";

const root = path.resolve(import.meta.dirname, "../../node_modules");
const bytesWanted = 120 * 1024 * 1024;
const rounds = 5;

interface Held {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const search = createSecretSearch();
const files: Held[] = [];
let seen = 0;
let bytes = 0;
for (const entry of readdirSync(root, { withFileTypes: true, recursive: true })) {
  // The workspace behind a link is not an installed package, and somebody may be building in it.
  if (!entry.isFile() || bytes >= bytesWanted || entry.parentPath.includes("garrison-ui")) continue;
  const full = path.join(entry.parentPath, entry.name);
  const content = readFileSync(full);
  seen += 1;
  // As an application's own files: in package folders nothing else is done, only told as less severe.
  const name = `app/${path.relative(root, full)}`;
  if (!search.wants(name, 0o644, content.length)) continue;
  files.push({ name, bytes: content });
  bytes += content.length;
}
const packed = files.map((file) => gzipSync(file.bytes, { level: 6 }));

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000;
}

let found = 0;
const searching: number[] = [];
const inflating: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  searching.push(
    cpuMs(() => files.forEach((file) => (found += search.find(fileOf(file.name, file.bytes), testTools).length))),
  );
  inflating.push(cpuMs(() => packed.forEach((part) => gunzipSync(part))));
}
const median = (list: readonly number[]): number => list.toSorted((left, right) => left - right)[rounds >> 1] ?? 0;
const ms = median(searching);
console.log(
  `secrets: ${files.length} of ${seen} files, ${(bytes / 1e6).toFixed(0)} MB: ${ms.toFixed(0)} ms CPU, ${((ms * 1e6) / bytes).toFixed(2)} ns a byte, ` +
    `${((ms * 1000) / files.length).toFixed(1)} us a file; inflating them ${median(inflating).toFixed(0)} ms (x${(ms / median(inflating)).toFixed(2)}); ${found / rounds} found`,
);

// Shards that nobody needs any more are removed: neither the manifest, nor the one before, nor a process that reads an older one.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { randomBytes } from "node:crypto";
import { Fault } from "../../base/fault.ts";
import { parseManifest, readManifest, shardFile, type Manifest } from "./manifest.ts";

/** A draft or a build's folder older than this was left by a process that died. */
const leftoverAgeMsMin = 3_600_000;

/** A reader's sign that it uses these shards, with its process id in the name; undefined where the folder cannot be written: then nobody prunes it either. */
export function takeLease(folder: string, manifest: Manifest): string | undefined {
  const file = path.join(folder, "readers", `${process.pid}-${randomBytes(6).toString("hex")}`);
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, manifest.shards.map(({ sha256 }) => `${sha256}\n`).join(""), { mode: 0o644 });
    return file;
  } catch {
    return undefined;
  }
}

export function returnLease(file: string | undefined): void {
  if (file !== undefined) rmSync(file, { force: true });
}

/** Best effort: what cannot be removed stays. */
export function pruneShards(folder: string): void {
  const needed = new Set<string>();
  const need = (manifest: Manifest): void => {
    for (const { sha256 } of manifest.shards) needed.add(path.basename(shardFile(sha256)));
  };
  need(readManifest(folder).manifest);
  const previous = textOf(path.join(folder, "manifest.previous.json"));
  try {
    if (previous !== undefined) need(parseManifest(previous, folder).manifest);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    // Written by an older program: nobody can read it.
  }
  for (const lease of namesIn(path.join(folder, "readers"))) {
    const file = path.join(folder, "readers", lease);
    if (isAlive(Number.parseInt(lease, 10))) {
      for (const sha256 of (textOf(file) ?? "").split("\n")) needed.add(path.basename(shardFile(sha256)));
    } else rmSync(file, { force: true });
  }
  const shards = path.join(folder, "shards");
  for (const name of namesIn(shards)) {
    const isDraft = !name.endsWith(".shard");
    if (isDraft ? isOld(path.join(shards, name)) : !needed.has(name)) rmSync(path.join(shards, name), { force: true });
  }
  for (const name of namesIn(folder)) {
    if (/^\.(?:build|fetch)-\d+$/.test(name) && !isAlive(Number(name.split("-")[1])))
      rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function isOld(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > leftoverAgeMsMin;
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

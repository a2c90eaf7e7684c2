#!/usr/bin/env node
// The command's entry. Plain JavaScript, because the machine's own Node may be older than what the sources need:
// then it starts the pinned runtime of node_modules with the same arguments, input and signals.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, lstatSync } from "node:fs";
import nodeModule from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const major = Number(process.versions.node.split(".")[0]);
// In a clone it lies below; installed as a package, npm puts it beside.
const places = ["../node_modules/.bin/node", "../../.bin/node"];
const pinned = places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((place) => existsSync(place));
const source = new URL("../src/apps/cli/main.ts", import.meta.url);
const compiled = new URL("../dist/apps/cli/main.js", import.meta.url);

if (
  !existsSync(fileURLToPath(new URL("../node_modules/.ready", import.meta.url))) &&
  existsSync(fileURLToPath(source))
) {
  process.stderr.write("garrison: packages are not installed in this clone\nhint: run `npm start` once, or `npm ci`\n");
  process.exit(2);
}

/**
 * Whether only this user or root can have put there what lies in this folder, or can put another one in its place: root must not run (`sudo` may keep HOME)
 * what somebody else compiled, nor make and remove folders where somebody else's link leads. Every folder above counts, as for the keys of ssh.
 */
function isOnlyOurs(folder) {
  const user = process.getuid?.();
  if (user === undefined) return false;
  for (let at = folder; ; at = path.dirname(at)) {
    const { uid, mode } = lstatSync(at);
    const isLink = (mode & 0o170000) === 0o120000;
    const isSticky = (mode & 0o1000) !== 0 && at !== folder;
    if ((uid !== user && uid !== 0) || (!isLink && (mode & 0o022) !== 0 && !isSticky)) return false;
    if (at === path.dirname(at)) return true;
  }
}

/** The folder itself, or the nearest one above it that is there. */
function nearest(folder) {
  for (let at = folder; ; at = path.dirname(at)) if (lstatSync(at, { throwIfNoEntry: false }) !== undefined) return at;
}

/** So many programs (clones, versions) keep their compiled sources; the one that has kept them longest gives way. */
const keptMax = 4;

/** Compiled sources are kept between commands, in the user's own folder. Whatever stands in the way: then nothing is kept. */
function keepCompiled() {
  const { HOME, XDG_CACHE_HOME } = process.env;
  const cache = XDG_CACHE_HOME ?? (HOME === undefined ? undefined : path.join(HOME, ".cache"));
  if (cache === undefined || !path.isAbsolute(cache) || nodeModule.enableCompileCache === undefined) return;
  try {
    const all = path.join(cache, "garrison", "compiled");
    const place = createHash("sha256")
      .update(import.meta.url)
      .digest("hex")
      .slice(0, 16);
    // Nothing is made or removed before it is known whose place it is.
    const above = nearest(path.join(all, place));
    if (!isOnlyOurs(above) || !isOnlyOurs(realpathSync(above))) return;
    if (mkdirSync(path.join(all, place), { recursive: true, mode: 0o700 }) !== undefined) dropOldest(all);
    nodeModule.enableCompileCache(realpathSync(path.join(all, place)));
  } catch {
    // A full disk, a read-only home: the command itself does not need them.
  }
}

function dropOldest(all) {
  const ours = readdirSync(all).filter((name) => /^[0-9a-f]{16}$/.test(name));
  const kept = ours.map((name) => ({ name, sinceMs: lstatSync(path.join(all, name)).mtimeMs }));
  for (const { name } of kept.toSorted((a, b) => b.sinceMs - a.sinceMs).slice(keptMax))
    rmSync(path.join(all, name), { recursive: true, force: true });
}

if (major >= 24) {
  keepCompiled();
  const { main } = await import(existsSync(fileURLToPath(source)) ? source.href : compiled.href);
  await main(process.argv.slice(2));
} else if (pinned !== undefined && process.env.PINNED_RUNTIME_OF_GARRISON === undefined) {
  // Another package may have put a runtime there that is no newer: asked once, not for ever.
  const env = { ...process.env, PINNED_RUNTIME_OF_GARRISON: "1" };
  const child = spawn(pinned, process.argv.slice(1), { stdio: "inherit", env });
  // A terminal sends Ctrl-C to the whole group; signals sent to this process alone are passed on.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
} else {
  process.stderr.write(
    `garrison: Node ${process.versions.node} is too old (24 or newer is needed) and no pinned runtime is installed for this platform\n` +
      "hint: install Node 24 or newer, or run `npm ci` without --omit=optional\n",
  );
  process.exit(2);
}

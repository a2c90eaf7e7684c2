// Makes a fresh clone ready: installs what package-lock.json names, then builds the console when its sources changed.
// Plain CommonJS without dependencies, because it runs on whatever Node the machine has (20 and up).
"use strict";
const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const root = path.resolve(__dirname, "..");
const modulesStamp = path.join(root, "node_modules", ".ready");
const consoleStamp = path.join(root, "ui", "dist", ".ready");

function say(line) {
  process.stderr.write(`garrison: ${line}\n`);
}

function stop(line, hint) {
  say(line);
  say(`hint: ${hint}`);
  process.exit(2);
}

function read(file) {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** SHA-256 over the names and contents of all files below the given files and folders. */
function hashOf(entries) {
  const hash = createHash("sha256");
  const visit = (entry) => {
    const stat = fs.statSync(entry, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isDirectory()) {
      for (const name of fs.readdirSync(entry).sort()) {
        if (name !== "node_modules" && name !== "dist") visit(path.join(entry, name));
      }
      return;
    }
    hash.update(path.relative(root, entry)).update("\0").update(fs.readFileSync(entry)).update("\0");
  };
  for (const entry of entries) visit(path.join(root, entry));
  return hash.digest("hex");
}

function run(command, args, what, hint) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (result.error !== undefined) stop(`${what} could not be started: ${result.error.message}`, hint);
  if (result.status !== 0) stop(`${what} failed with exit code ${result.status}`, hint);
}

/**
 * npm warns of each package that wants a newer Node than the machine's. They never run on that one (the pinned runtime of node_modules runs
 * everything), so these lines, and only these, are left out; whatever else npm says is passed on.
 */
function withoutEngineWarnings(text) {
  const kept = text.split("\n").filter((line) => !/^npm warn EBADENGINE\b/i.test(line));
  return kept.join("\n").replace(/^\n+/, "");
}

function runNpm(command, args, hint) {
  const result = spawnSync(command, [...args, "ci", "--no-progress"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  process.stderr.write(withoutEngineWarnings(`${result.stdout ?? ""}${result.stderr ?? ""}`));
  if (result.error !== undefined) stop(`npm ci could not be started: ${result.error.message}`, hint);
  if (result.status !== 0) stop(`npm ci failed with exit code ${result.status}`, hint);
}

function installModules() {
  const wanted = hashOf(["package-lock.json", "package.json", "ui/package.json"]);
  if (read(modulesStamp) === wanted) return;
  say("installing packages (first run, about half a minute) ...");
  const npm = process.env.npm_execpath;
  const hint = "check that the npm registry can be reached, then run the command again";
  if (npm === undefined) runNpm(process.platform === "win32" ? "npm.cmd" : "npm", [], hint);
  else runNpm(process.execPath, [npm], hint);
  linkCommand();
  fs.writeFileSync(modulesStamp, wanted);
}

/** `npx garrison` then finds the clone's own command at once; npm links only the bins of dependencies. */
function linkCommand() {
  if (process.platform === "win32") return;
  const link = path.join(root, "node_modules", ".bin", "garrison");
  fs.rmSync(link, { force: true });
  fs.symlinkSync(path.join("..", "..", "bin", "garrison.js"), link);
}

function buildConsole() {
  const sources = [
    "ui",
    "src/model",
    "src/apps/server/contract",
    "src/base/fault.ts",
    "tsconfig.base.json",
    "package-lock.json",
  ];
  const wanted = hashOf(sources);
  if (read(consoleStamp) === wanted) return;
  say("building the console ...");
  const node = path.join(root, "node_modules", ".bin", "node");
  const runtime = fs.existsSync(node) ? node : process.execPath;
  run(
    runtime,
    [path.join(root, "node_modules", "vite", "bin", "vite.js"), "build", "ui", "--logLevel", "warn"],
    "the console's build",
    "see the lines above",
  );
  fs.writeFileSync(consoleStamp, wanted);
}

module.exports = { withoutEngineWarnings };

if (require.main === module) {
  installModules();
  if (process.argv.includes("--ui")) buildConsole();
}

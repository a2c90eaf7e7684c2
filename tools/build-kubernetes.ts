// Builds the programs of a real Kubernetes 1.20.2 for tests from Debian's source package, once, into the cache: there is no binary package of them.
// Promises: a program in the cache is complete (renamed into place), kube-apiserver comes first, a second run is instant, and what is missing is said.
import { spawn } from "node:child_process";
import { chmod, cp, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { builtVersion, cacheFolder, isExecutable, serverPrograms } from "../test/support/kubernetes/programs.ts";
import { sourceStanzas, sourceVersion } from "./apt-sources.ts";

/** The tree does not know modules as it is packed; cgo off makes static programs; providerless leaves the SDKs of clouds out. */
const goSettings = { GO111MODULE: "off", CGO_ENABLED: "0", GOFLAGS: "" };
const goCandidates = ["/usr/lib/go-1.19/bin/go", "/usr/bin/go"];
/** reflect2 1.0.2: the vendored 1.0.1 panics with Go 1.18 and later. */
const reflectFolder = "/usr/share/gocode/src/github.com/modern-go/reflect2";
const reflectVendored = "vendor/github.com/modern-go/reflect2";
const treePath = "src/k8s.io/kubernetes";
/** How often a second build looks whether the first one has ended. */
const lockPollMs = 2_000;

class Missing extends Error {}

/** A command to its end, output inherited unless captured. Rejects with the command's name when it fails. */
async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const child = spawn("nice", ["-n", "10", program, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", options.capture === true ? "pipe" : "inherit", "inherit"],
  });
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`${program} ${args.slice(0, 2).join(" ")} failed with exit code ${code}`);
  return output;
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly capture?: true;
}

interface Workplace {
  readonly folder: string;
  readonly tree: string;
  readonly go: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch((thrown: NodeJS.ErrnoException) => missingOnly(thrown))) !== undefined;
}

function missingOnly(thrown: NodeJS.ErrnoException): undefined {
  if (thrown.code !== "ENOENT") throw thrown;
  return undefined;
}

async function firstThere(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isThere(path)) return path;
  return undefined;
}

/** Names everything that is missing at once, so that one install mends it. */
async function checkTools(): Promise<string> {
  const go = await firstThere(goCandidates);
  const missing = go === undefined ? ["golang-go"] : [];
  if (!(await isThere(reflectFolder))) missing.push("golang-github-modern-go-reflect2-dev");
  if (!(await isThere("/usr/bin/dpkg-source"))) missing.push("dpkg-dev");
  if (!(await isThere("/usr/bin/apt-get"))) throw new Missing("apt-get: this tool needs Debian 12");
  if (missing.length > 0 || go === undefined)
    throw new Missing(`Debian packages: apt-get install -y --no-install-recommends ${missing.join(" ")}`);
  return go;
}

/** apt with lists of its own, so that the machine's configuration stays as it is and no root is needed. */
async function downloadSource(folder: string): Promise<string> {
  const apt = join(folder, "apt");
  for (const part of ["lists/partial", "cache/archives/partial", "parts"])
    await mkdir(join(apt, part), { recursive: true });
  const release = await readFile("/etc/os-release", "utf8");
  const codename = /^VERSION_CODENAME="?(\w+)"?$/m.exec(release)?.[1] ?? "";
  const stanzas = sourceStanzas(await configuredSources(), codename);
  if (stanzas === "") throw new Missing(`a configured package source of the suite "${codename}"`);
  await writeFile(join(apt, "parts/source.sources"), stanzas);
  const settings = {
    "Dir::Etc::sourcelist": "/dev/null",
    "Dir::Etc::sourceparts": join(apt, "parts"),
    "Dir::State::lists": join(apt, "lists"),
    "Dir::Cache": join(apt, "cache"),
    "APT::Sandbox::User": process.getuid?.() === 0 ? "root" : "",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  await run("apt-get", [...options, "-qq", "update"]);
  const version = sourceVersion(
    await run("apt-cache", [...options, "showsrc", "kubernetes"], { capture: true }),
    builtVersion,
  );
  if (version === undefined) throw new Missing(`kubernetes ${builtVersion} in the source packages of "${codename}"`);
  const sources = join(folder, "source");
  await mkdir(sources, { recursive: true });
  // apt checks the hashes against the signed index.
  await run("apt-get", [...options, "-qq", "source", "--download-only", `kubernetes=${version}`], { cwd: sources });
  const description = (await readdir(sources)).find((name) => name.endsWith(".dsc"));
  if (description === undefined) throw new Missing("the description (.dsc) of the source package");
  return join(sources, description);
}

async function configuredSources(): Promise<string[]> {
  const folder = "/etc/apt/sources.list.d";
  const names = (await readdir(folder).catch(missingOnly)) ?? [];
  const files = names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(folder, name));
  const texts = ["/etc/apt/sources.list", ...files].map((file) => readFile(file, "utf8").catch(missingOnly));
  return (await Promise.all(texts)).filter((text) => text !== undefined);
}

/** Unpacks the tree into a GOPATH and puts right what a newer Go and a bare tarball need. */
async function prepareTree(place: Workplace): Promise<void> {
  if (await isThere(join(place.folder, "prepared"))) return;
  await rm(place.tree, { recursive: true, force: true });
  await mkdir(join(place.tree, ".."), { recursive: true });
  await run("dpkg-source", ["--no-check", "-x", await downloadSource(place.folder), place.tree], { capture: true });
  const vendored = join(place.tree, reflectVendored);
  await rm(vendored, { recursive: true });
  const isCode = (path: string) => path === reflectFolder || /\.(go|s)$/.test(path);
  await cp(reflectFolder, vendored, { recursive: true, filter: isCode });
  await generateOpenApi(place);
  await writeFile(join(place.folder, "prepared"), "");
}

/** The aggregated OpenAPI definitions are not in the tarball: the vendored generator makes them from the tagged packages. */
async function generateOpenApi(place: Workplace): Promise<void> {
  const generator = join(place.folder, "openapi-gen");
  await go(place, ["build", "-o", generator, "./vendor/k8s.io/kube-openapi/cmd/openapi-gen"]);
  const tagged = await run("grep", ["-rl", "--include=*.go", "+k8s:openapi-gen=", "pkg", "staging", "vendor/k8s.io"], {
    cwd: place.tree,
    capture: true,
  });
  const packages = openApiPackages(tagged.split("\n"));
  const output = "k8s.io/kubernetes/pkg/generated/openapi";
  const flags = {
    i: packages.join(","),
    p: output,
    O: "zz_generated.openapi",
    h: "vendor/k8s.io/code-generator/hack/boilerplate.go.txt",
    r: join(place.folder, "violations"),
    "-output-base": join(place.folder, "gopath/src"),
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`-${name}`, value]);
  await run(generator, args, { cwd: place.tree, env: place.environment });
}

/** The packages of tagged files (paths in the tree), as the generator wants them: staging by its vendored name, without the generators' own. */
export function openApiPackages(files: readonly string[]): string[] {
  const folders = files
    .filter((file) => file.endsWith(".go"))
    .map((file) => file.replace(/^staging\/src\//, "vendor/").replace(/\/[^/]*$/, ""))
    .filter((folder) => !/^vendor\/k8s\.io\/(code-generator|sample-apiserver|kube-openapi)\//.test(folder));
  return [...new Set(folders)].sort().map((folder) => `k8s.io/kubernetes/${folder}`);
}

function go(place: Workplace, args: readonly string[]): Promise<string> {
  return run(place.go, args, { cwd: place.tree, env: place.environment });
}

/** Linker flags: stripped, and the version that the program tells. */
export function linkerFlags(version: string): string {
  const [major = "", minor = ""] = version.split(".");
  const values = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor, gitTreeState: "archive" };
  const settings = ["component-base/version", "client-go/pkg/version"].flatMap((name) =>
    Object.entries(values).map(([key, value]) => `-X k8s.io/kubernetes/vendor/k8s.io/${name}.${key}=${value}`),
  );
  return ["-s", "-w", ...settings].join(" ");
}

async function buildMissing(missing: readonly string[], cache: string): Promise<void> {
  const goProgram = await checkTools();
  const folder = join(cache, `work-${builtVersion}`);
  const target = join(cache, builtVersion);
  await mkdir(target, { recursive: true });
  await mkdir(folder, { recursive: true });
  const environment = { ...goSettings, GOPATH: join(folder, "gopath"), GOCACHE: join(folder, "gocache") };
  const place = { folder, tree: join(folder, "gopath", treePath), go: goProgram, environment };
  await prepareTree(place);
  for (const name of missing) {
    const startedMs = performance.now();
    const built = join(folder, name);
    await go(place, [
      "build",
      "-tags",
      "providerless",
      "-ldflags",
      linkerFlags(builtVersion),
      "-o",
      built,
      `./cmd/${name}`,
    ]);
    await chmod(built, 0o755);
    await rename(built, join(target, name));
    console.log(`${name} ${builtVersion}: built in ${Math.round((performance.now() - startedMs) / 1000)} s`);
  }
  await rm(folder, { recursive: true, force: true });
}

async function programsMissing(cache: string): Promise<string[]> {
  const missing: string[] = [];
  for (const name of serverPrograms) if (!(await isExecutable(join(cache, builtVersion, name)))) missing.push(name);
  return missing;
}

/** One build at a time: the second waits for the first. Returns the release. A lock of a process that is gone is taken over. */
async function takeLock(cache: string): Promise<() => Promise<void>> {
  const path = join(cache, `build-${builtVersion}.lock`);
  for (;;) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
    }
    const holder = Number((await readFile(path, "utf8").catch(missingOnly)) ?? "0");
    if (holder > 0 && !(await isThere(`/proc/${holder}`))) await rm(path, { force: true });
    else await wait(lockPollMs);
  }
}

async function main(): Promise<void> {
  const cache = cacheFolder(process.env);
  if ((await programsMissing(cache)).length > 0) {
    await mkdir(cache, { recursive: true });
    const release = await takeLock(cache);
    try {
      const missing = await programsMissing(cache);
      if (missing.length > 0) await buildMissing(missing, cache);
    } finally {
      await release();
    }
  }
  console.log(`Kubernetes ${builtVersion}: ${serverPrograms.join(", ")} are in the cache`);
}

if (import.meta.main) {
  try {
    await main();
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    console.error(thrown instanceof Missing ? `MISSING: ${message}` : `Kubernetes could not be built: ${message}`);
    process.exitCode = 1;
  }
}

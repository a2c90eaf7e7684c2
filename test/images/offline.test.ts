// The real command in a network namespace of its own, where nft counts every packet that a program sends: a scan of a file sends none, a scan of a registry speaks to that registry alone.
import assert from "node:assert/strict";
import { spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { mayMakeNamespaces, runInNetns } from "../support/netns/namespace.ts";
import { openStar, type Star } from "../support/netns/star.ts";
import { skipUnless } from "../support/skip.ts";
import { dockerArchive, tarOf, writeOciLayout } from "../support/tar.ts";

const root = path.resolve(import.meta.dirname, "../..");
const scannerAddress = "10.66.0.2";
const registryAddress = "10.66.0.3";
const registryPort = 5000;
const folder = mkdtempSync(path.join(os.tmpdir(), "garrison-offline-"));
const isAble = process.platform === "linux" && mayMakeNamespaces() && spawnSync("nft", ["--version"]).status === 0;

let star: Star | undefined;
let server: ChildProcess | undefined;

/** What the kernel itself sends to keep an IPv6 link is not the program's. */
const rules = `
table inet watch {
  counter registry {}
  counter others {}
  chain out {
    type filter hook output priority -400;
    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-report, mld2-listener-report } accept
    ip daddr ${registryAddress} tcp dport ${registryPort} counter name registry accept
    counter name others
  }
}`;

/** A registry of one image, out of an OCI layout: what a pull needs and no more. */
const registryProgram = `
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
const [folder, address, port] = process.argv.slice(2);
const index = JSON.parse(readFileSync(folder + "/index.json", "utf8"));
const blob = (digest) => readFileSync(folder + "/blobs/sha256/" + digest.slice(7));
createServer((request, response) => {
  const [, kind, name] = /^\\/v2\\/team\\/app\\/(manifests|blobs)\\/(.+)$/.exec(request.url) ?? [];
  if (request.url === "/v2/") return response.end("{}");
  if (kind === undefined) return response.writeHead(404).end();
  const digest = name.startsWith("sha256:") ? name : index.manifests[0].digest;
  const type = kind === "manifests" ? "application/vnd.oci.image.manifest.v1+json" : "application/octet-stream";
  const body = blob(digest);
  response.writeHead(200, { "content-type": type, "docker-content-digest": digest, "content-length": body.length });
  response.end(request.method === "HEAD" ? undefined : body);
}).listen(Number(port), address, () => console.log("ready"));
`;

before(async () => {
  if (!isAble) return;
  const layer = tarOf([
    { path: "etc/os-release", body: 'ID=debian\nVERSION_ID="12"\n' },
    { path: "app/node_modules/left-pad/package.json", body: '{"name":"left-pad","version":"1.0.0"}' },
    // Addresses in an image are data: nobody follows them.
    {
      path: "app/pom.xml",
      body: "<project><repositories><repository><url>http://10.66.0.9/</url></repository></repositories></project>",
    },
  ]);
  const image = { layers: [layer] };
  writeOciLayout(path.join(folder, "layout"), image);
  writeFileSync(path.join(folder, "image.tar"), dockerArchive(image));
  writeFileSync(path.join(folder, "registry.mjs"), registryProgram);
  star = openStar({
    pods: [
      { name: "scanner", addresses: [scannerAddress] },
      { name: "registry", addresses: [registryAddress] },
    ],
  });
  const argv = [
    process.execPath,
    path.join(folder, "registry.mjs"),
    path.join(folder, "layout"),
    registryAddress,
    String(registryPort),
  ] as const;
  server = runInNetns(star.pod("registry"), [...argv], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => server!.stdout!.once("data", resolve));
});

after(() => {
  server?.kill();
  star?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Sent {
  readonly registry: number;
  readonly others: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a program in the scanner's namespace and counts what it sent. */
async function run(argv: readonly [string, ...string[]]): Promise<Sent> {
  const namespace = star!.pod("scanner");
  const nft = (...parameters: string[]) =>
    namespace.inside(() => spawnSync("nft", parameters, { encoding: "utf8", input: rules }));
  nft("delete", "table", "inet", "watch");
  const loaded = nft("-f", "-");
  assert.equal(loaded.status, 0, loaded.stderr);
  const child = runInNetns(namespace, argv, {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", HOME: folder, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout!.on("data", (bytes: Buffer) => (output += bytes.toString()));
  child.stderr!.on("data", (bytes: Buffer) => (errors += bytes.toString()));
  await new Promise((resolve) => child.once("close", resolve));
  const counted = nft("-j", "list", "counters").stdout;
  const rows = (JSON.parse(counted) as { nftables: { counter?: { name: string; packets: number } }[] }).nftables;
  const packets = (name: string) => rows.find((row) => row.counter?.name === name)?.counter?.packets ?? Number.NaN;
  return { registry: packets("registry"), others: packets("others"), output, errors };
}

const garrison = (...parameters: readonly string[]) =>
  run([
    process.execPath,
    path.join(root, "bin", "garrison.js"),
    "image",
    "scan",
    ...parameters,
    "--no-db",
    "--no-cache",
    "--secrets",
    "-o",
    "cyclonedx",
  ]);

function ready(context: TestContext): boolean {
  return skipUnless(context, isAble, "root, network namespaces and nft (apt-get install nftables)");
}

test("the counters see a name being looked up, and a connection elsewhere", async (context) => {
  if (!ready(context)) return;
  const program = `require("node:dgram").createSocket("udp4").send("x", 53, "${registryAddress}", () => process.exit())`;
  assert.ok((await run([process.execPath, "-e", program])).others > 0);
  const connects = `require("node:net").connect(443, "${registryAddress}").on("error", () => process.exit())`;
  assert.ok((await run([process.execPath, "-e", connects])).others > 0);
});

for (const [name, flags] of [
  ["an archive", ["--archive", "image.tar"]],
  ["an OCI layout", ["--oci", "layout"]],
  ["a folder", ["--root", "layout"]],
] as const) {
  test(`a scan of ${name} sends no packet`, async (context) => {
    if (!ready(context)) return;
    const { registry, others, output, errors } = await garrison(...flags);
    assert.match(output, /CycloneDX/, errors);
    if (flags[0] !== "--root") assert.match(output, /pkg:npm\/left-pad@1\.0\.0/);
    assert.deepEqual([registry, others], [0, 0]);
  });
}

test("a scan of a registry's image speaks to that registry alone", async (context) => {
  if (!ready(context)) return;
  const host = `${registryAddress}:${registryPort}`;
  const { registry, others, output, errors } = await garrison(`${host}/team/app:latest`, "--plain-http", host);
  assert.match(output, /pkg:npm\/left-pad@1\.0\.0/, errors);
  assert.ok(registry > 0);
  assert.equal(others, 0);
});

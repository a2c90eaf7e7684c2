// The product as a package: packed, installed into an empty folder with what its users' applications need, and one clean and one
// hostile request through each middleware. What is installed is the compiled product: nothing of the clone is read.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { skipUnless } from "../support/skip.ts";

const root = path.resolve(import.meta.dirname, "../..");
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
  version: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};
const run = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), "garrison-package-"));
const app = path.join(folder, "app");
const installMsMax = 600_000;

/** npm as this machine has it set up: its registry and cache are its own business. */
async function npm(cwd: string, ...parameters: string[]): Promise<string> {
  const { stdout } = await run("npm", parameters, { cwd, maxBuffer: 1 << 26, timeout: installMsMax });
  return stdout;
}

async function installed(): Promise<void> {
  await npm(root, "pack", "--pack-destination", folder);
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  assert.ok(tarball !== undefined);
  await run("mkdir", ["-p", app]);
  writeFileSync(path.join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  const versions = { ...manifest.dependencies, ...manifest.devDependencies };
  // Runtimes and native parts are optional packages, large, and not the library's.
  const quick = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional"];
  const others = ["express", "fastify", "hono"].map((name) => `${name}@${versions[name]}`);
  await npm(app, "install", ...quick, path.join(folder, tarball), ...others);
}

/** What a user writes: each server with its middleware, one clean and one hostile request. Prints what came back as JSON. */
const program = `
import { createServer } from "node:http";
import { createWaf } from "garrison/waf";
import { guard } from "garrison/waf/node";
import { wafExpress } from "garrison/waf/express";
import { wafFastify } from "garrison/waf/fastify";
import { wafHono } from "garrison/waf/hono";
import express from "express";
import { fastify } from "fastify";
import { Hono } from "hono";
import { serve } from "@hono/node-server";

const text = 'SecRule ARGS "@detectSQLi" "id:1,phase:2,deny,status:403,log,msg:\\'SQL\\'"';
const rules = process.argv[2] ?? { text };
const events = [];
// A test's machine may be busy: what is asked is what the rules say, not how soon.
const budget = { milliseconds: 60_000 };
const waf = createWaf({ rules, mode: "block", budget, onEvent: (event) => events.push(event.verdict) });
const started = {
  node: () => createServer(guard(waf, (request, response) => request.pipe(response))).listen(0, "127.0.0.1"),
  express: () => express().use(wafExpress(waf)).use(express.text({ type: () => true })).post("/", (request, response) => response.send(request.body)).listen(0, "127.0.0.1"),
  fastify: async () => {
    const app = fastify();
    await app.register(wafFastify(waf));
    app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (request, body, done) => done(null, body));
    app.post("/", (request) => request.body);
    await app.listen({ host: "127.0.0.1", port: 0 });
    return app.server;
  },
  hono: () => {
    const app = new Hono();
    app.use(wafHono(waf));
    app.post("/", async (context) => context.text(await context.req.text()));
    return serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  },
};
const seen = {};
for (const [name, start] of Object.entries(started)) {
  const server = await start();
  if (server.address() === null) await new Promise((resolve) => server.once("listening", resolve));
  const send = async (body) => {
    const headers = { "content-type": "application/x-www-form-urlencoded", accept: "*/*", "user-agent": "test" };
    const response = await fetch("http://127.0.0.1:" + server.address().port, { method: "POST", headers, body });
    return [response.status, await response.text()];
  };
  seen[name] = [await send("q=hello"), (await send("q=1' or 1=1--"))[0], events.splice(0).includes("blocked")];
}
console.log(JSON.stringify(seen));
process.exit(0);
`;

const expected = [[200, "q=hello"], 403, true];
const rulesFolder = path.resolve(root, "../shared/data/crs");

describe("the packed product", { timeout: 2 * installMsMax }, () => {
  before(installed);
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function runProgram(...parameters: string[]): Promise<unknown> {
    writeFileSync(path.join(app, "program.js"), program);
    const { stdout } = await run(process.execPath, ["program.js", ...parameters], { cwd: app });
    return JSON.parse(stdout);
  }

  it("serves one request through each middleware", async () => {
    assert.deepEqual(await runProgram(), { node: expected, express: expected, fastify: expected, hono: expected });
  });

  it("does so with the Core Rule Set", async (context) => {
    if (!skipUnless(context, existsSync(rulesFolder), "the Core Rule Set (../shared/data/crs)")) return;
    assert.deepEqual(await runProgram(rulesFolder), {
      node: expected,
      express: expected,
      fastify: expected,
      hono: expected,
    });
  });

  it("has types that compile by themselves", async () => {
    const text = `import { createWaf, type WafDecision } from "garrison/waf";
import { wafExpress } from "garrison/waf/express";
import { wafFastify } from "garrison/waf/fastify";
import { wafHono } from "garrison/waf/hono";
import express from "express";
import { fastify } from "fastify";
import { Hono } from "hono";
const waf = createWaf({ rules: { text: "" }, onEvent: (event) => void event.rules });
const decision: WafDecision = waf.inspect({ method: "GET", target: "/", headers: {} });
express().use(wafExpress(waf));
await fastify().register(wafFastify(waf));
new Hono().use(wafHono(waf));
export { decision };
`;
    writeFileSync(path.join(app, "types.ts"), text);
    const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
    const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "node"];
    const roots = ["--typeRoots", path.join(root, "node_modules", "@types")];
    // Express publishes no types of its own; a user's come from another package.
    writeFileSync(path.join(app, "express.d.ts"), 'declare module "express";\n');
    await run(process.execPath, [tsc, ...flags, ...roots, "--skipLibCheck", "types.ts", "express.d.ts"], {
      cwd: app,
    }).catch((error: { stdout?: string }) => assert.fail(error.stdout ?? "the compiler did not run"));
  });

  it("runs as a command", async () => {
    const entry = path.join(app, "node_modules", "garrison", "bin", "garrison.js");
    const { stdout } = await run(process.execPath, [entry, "--version"], { cwd: app });
    assert.equal(stdout.trim(), manifest.version);
    const rules = path.join(app, "rules.conf");
    writeFileSync(rules, 'SecRule ARGS "@rx x" "id:1,phase:2,deny"\n');
    await run(process.execPath, [entry, "waf", "lint", rules], { cwd: app });
  });

  it("holds what it needs and nothing of its tests", () => {
    const files = readdirSync(path.join(app, "node_modules", "garrison"), { recursive: true }).map(String);
    for (const needed of ["bpf/objects/sensor.bpf.o", "ui/dist/index.html", "deploy/kustomize", "NOTICE", "LICENSE"])
      assert.ok(files.includes(path.normalize(needed)), needed);
    assert.deepEqual(
      files.filter((file) => /\.test\.|\.fixture\.|^src|^test/.test(file)),
      [],
    );
  });
});

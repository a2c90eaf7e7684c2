// What `garrison apply` and `diff` say by their exit codes when documents are refused: real processes against a server that answers by the resource's name.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";

const entry = path.resolve(import.meta.dirname, "../../../../bin/garrison.js");

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": status === 200 ? "application/json" : "application/problem+json" });
  response.end(JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, code: string): void {
  answer(response, status, {
    type: "about:blank",
    title: code,
    status,
    detail: `because of ${code}`,
    code,
    hint: "do this",
  });
}

async function server(t: TestContext): Promise<string> {
  const listening = createServer((request, response) => {
    request.resume();
    const { pathname } = new URL(request.url ?? "", "http://x");
    if (pathname.endsWith("/bad")) problem(response, 400, "resource/invalid");
    else if (pathname.endsWith("/closed")) problem(response, 403, "auth/forbidden");
    else answer(response, 200, { outcome: "unchanged", resource: {}, changes: [] });
  });
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  t.after(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

async function garrison(url: string, command: string, stdin: string) {
  const child = spawn(process.execPath, [entry, command, "-f", "-", "--server", url, "--token", "x"], {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["pipe", "ignore", "pipe"],
  });
  const closed = once(child, "close");
  child.stdin.end(stdin);
  const err = await text(child.stderr);
  const [code] = (await closed) as [number];
  return { code, err };
}

const of = (...names: readonly string[]): string =>
  names.map((name) => `kind: Visibility\nname: ${name}\nspec: {}\n`).join("---\n");

test("of which nothing is taken is no partial result: the code says why; some taken and some refused is one", async (t) => {
  const url = await server(t);
  for (const [stdin, code, words] of [
    [of("bad"), 2, /^-:1: because of resource\/invalid \(do this\)$/m],
    [of("bad", "bad"), 2, /^-:5: because of resource\/invalid/m],
    [of("closed"), 4, /^-:1: because of auth\/forbidden/m],
    [of("closed", "closed"), 4, /^-:5: because of auth\/forbidden/m],
    [of("bad", "closed"), 1, /^-:5: because of auth\/forbidden/m],
    [of("closed", "bad"), 1, /^-:5: because of resource\/invalid/m],
    [of("Not Valid", "closed"), 1, /^-:5: because of auth\/forbidden/m],
    [of("Not Valid"), 2, /^error\[cli\/bad-file\]: no document could be read$/m],
    [of("Not Valid", "bad"), 2, /^-:1: name: /m],
    ["", 2, /^error\[cli\/bad-file\]: there is no document in -$/m],
    ["# only words\n", 2, /^error\[cli\/bad-file\]: there is no document in -$/m],
    [of("web", "bad"), 7, /^-:5: because of resource\/invalid/m],
    [of("Not Valid", "web"), 7, /^-:1: name: /m],
    [of("web"), 0, /^$/],
  ] as const) {
    const ran = await garrison(url, "apply", stdin);
    assert.equal(ran.code, code, `${stdin}: ${ran.err}`);
    assert.match(ran.err, words);
  }
  assert.equal((await garrison(url, "diff", of("bad"))).code, 2);
});

// auth_request with a real nginx before a real upstream, where the machine has one.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import { createServer as createPlainServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { skipUnless } from "../../../../test/support/skip.ts";
import { startGateway, until } from "../gateway.fixture.ts";

const binary = ["/usr/sbin/nginx", "/usr/bin/nginx"].find((file) => spawnSync(file, ["-v"]).status === 0);

async function freePort(): Promise<number> {
  const server = createPlainServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** The guide's own text, between its heading and the next, on these ports. */
function guideLocations({ back, waf }: { readonly back: number; readonly waf: string }): string {
  const guide = readFileSync(path.resolve(import.meta.dirname, "../../../../docs/guides/waf.md"), "utf8");
  const section = /^## nginx$(.*?)^## /ms.exec(guide)?.[1] ?? "";
  const text = (section.split("In nginx's `server`:")[1] ?? "").match(/^ {4}.*$/gm)?.join("\n") ?? "";
  assert.match(text, /127\.0\.0\.1:3000/);
  assert.match(text, /127\.0\.0\.1:9191/);
  return text.replaceAll("127.0.0.1:3000", `127.0.0.1:${back}`).replaceAll("127.0.0.1:9191", waf);
}

function configuration(front: number, locations: string, folder: string): string {
  return `
daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c; uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  server {
    listen 127.0.0.1:${front};
${locations}
  }
}
`;
}

/** What the Core Rule Set asks of a request's frame, and an address that is denied. */
const rules = `
SecRequestBodyAccess On
SecRule ARGS "@contains attack" "id:1001,phase:2,deny,status:403,log,msg:'attack in an argument',severity:2"
SecRule REQUEST_METHOD "@streq POST" "id:1002,phase:1,deny,status:403,log,chain"
  SecRule &REQUEST_HEADERS:Content-Length "@eq 0" "chain"
    SecRule &REQUEST_HEADERS:Transfer-Encoding "@eq 0"
SecRule REMOTE_ADDR "@ipMatch 203.0.113.9" "id:1003,phase:1,deny,status:403,log"
SecRule REQUEST_HEADERS:Host "@rx ^127.0.0.1:" "id:1004,phase:1,deny,status:403,log"
`;

test("nginx asks before it passes a request on", async (context) => {
  if (!skipUnless(context, binary !== undefined, "nginx: auth_request was not tried with the real one")) return;
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-nginx-"));
  const back = createServer((_request, answer) => answer.end("fine")).listen(0, "127.0.0.1");
  await once(back, "listening");
  const gateway = await startGateway({ workers: 0, authRequest: "127.0.0.1:0" }, rules);
  const front = await freePort();
  const locations = guideLocations({
    back: (back.address() as AddressInfo).port,
    waf: gateway.addresses["authrequest"] ?? "",
  });
  writeFileSync(path.join(folder, "nginx.conf"), configuration(front, locations, folder));
  const nginx = spawn(binary ?? "", ["-c", path.join(folder, "nginx.conf"), "-p", folder], { stdio: "ignore" });
  const ask = async (
    target: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string,
  ): Promise<number> => {
    const method = body === undefined ? "GET" : "POST";
    const request = httpRequest({ port: front, path: target, host: "127.0.0.1", agent: false, method, headers });
    request.end(body);
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    answer.resume();
    return answer.statusCode ?? 0;
  };
  try {
    await until(
      () => ask("/ok?a=b").catch(() => 0),
      (status) => status === 200,
    );
    assert.equal(await ask("/?a=an+attack"), 403);
    const form = { "content-type": "application/x-www-form-urlencoded" };
    assert.equal(await ask("/form", form, "a=b"), 200, "a POST with a length");
    assert.equal(await ask("/form", { ...form, "transfer-encoding": "chunked" }, "a=b"), 200, "a POST in chunks");
    // What clients say under the names that nginx sets, or that other proxies set, decides nothing.
    const lies = ["X-Original-Remote-Addr", "X-Original-URI", "X-Original-URL", "X-Original-Method", "X-Real-IP"];
    for (const name of lies) {
      const value = name.endsWith("URI") ? "/harmless" : name.endsWith("URL") ? "http://a/harmless" : "203.0.113.9";
      assert.equal(await ask("/?a=an+attack", { [name]: value }), 403, name);
      assert.equal(await ask("/ok", { [name]: value }), 200, name);
    }
    const status = await gateway.status();
    assert.ok(status["doors"].authrequest >= 2);
    assert.ok(gateway.notices.some((line) => /^blocked 403 GET .* from 127\.0\.0\.1: rule 1001/.test(line)));
  } finally {
    nginx.kill();
    await once(nginx, "exit");
    back.close();
    await gateway.close();
    rmSync(folder, { recursive: true });
  }
});

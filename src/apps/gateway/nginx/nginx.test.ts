// auth_request with a real nginx before a real upstream, where the machine has one.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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

function configuration(
  ports: { readonly front: number; readonly back: number; readonly waf: string },
  folder: string,
): string {
  return `
daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c; uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  server {
    listen 127.0.0.1:${ports.front};
    location / { auth_request /_waf; proxy_pass http://127.0.0.1:${ports.back}; }
    location = /_waf {
      internal;
      proxy_pass http://${ports.waf};
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Host $host;
      proxy_set_header X-Original-URI $request_uri;
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Real-IP $remote_addr;
    }
  }
}
`;
}

test("nginx asks before it passes a request on", async (context) => {
  if (!skipUnless(context, binary !== undefined, "nginx: auth_request was not tried with the real one")) return;
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-nginx-"));
  const back = createServer((_request, answer) => answer.end("fine")).listen(0, "127.0.0.1");
  await once(back, "listening");
  const gateway = await startGateway({ workers: 0, authRequest: "127.0.0.1:0", trustedProxies: ["127.0.0.1"] });
  const front = await freePort();
  writeFileSync(
    path.join(folder, "nginx.conf"),
    configuration(
      { front, back: (back.address() as AddressInfo).port, waf: gateway.addresses["authrequest"] ?? "" },
      folder,
    ),
  );
  const nginx = spawn(binary ?? "", ["-c", path.join(folder, "nginx.conf"), "-p", folder], { stdio: "ignore" });
  const ask = async (target: string): Promise<number> => {
    const request = httpRequest({ port: front, path: target, host: "127.0.0.1", agent: false });
    request.end();
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

import assert from "node:assert/strict";
import type { TLSSocket } from "node:tls";
import { after, test } from "node:test";
import { scriptedRegistry } from "../../../../test/support/scripted-registry.ts";
import { tlsIdentity } from "../../../../test/support/tls-identity.ts";
import type { RegistryHost } from "./options.ts";
import { contentOf, fault, layer, login, pull, registry } from "./pull.fixture.ts";

const identity = await tlsIdentity();
const secure = await scriptedRegistry(identity);
after(() => secure.close());
const name = `${secure.host}/shop/web:1`;
const withHost = (host: RegistryHost) => ({
  hosts: { [secure.host]: host, [registry.host]: {} },
  limits: { attemptsMax: 1 },
});

test("an own authority for one host or for all; without it nothing is sent", async () => {
  secure.image("shop/web", "1", [layer]);
  assert.deepEqual(await contentOf(await pull(name, withHost({ ca: identity.ca }))), layer);
  assert.deepEqual(await contentOf(await pull(name, { ca: identity.ca })), layer);
  assert.deepEqual(await contentOf(await pull(name, withHost({ skipVerify: true }))), layer);
  const before = secure.seen.length;
  await fault(pull(name, { ...withHost({}), credentials: login }), "registry/untrusted", /authority's certificate/);
  await fault(pull(name, { ...withHost({ ca: (await tlsIdentity()).ca }) }), "registry/untrusted");
  assert.equal(secure.seen.length, before);
});

test("a client's certificate is shown to its own host", async () => {
  secure.image("shop/web", "1", [layer]);
  const shown: string[] = [];
  secure.tricks.push((_request, response) => {
    const socket = response.req.socket as TLSSocket;
    shown.push(String(socket.getPeerCertificate().subject?.CN ?? ""));
    return false;
  });
  const host = { ca: identity.ca, clientCertificate: identity.cert, clientKey: identity.key };
  await pull(name, withHost(host));
  assert.equal(shown.at(-1), "kube-apiserver");
  await pull(name, withHost({ ca: identity.ca }));
  assert.equal(shown.at(-1), "");
  secure.tricks.length = 0;
});

test("https never becomes http, nor does http on a host that is listed for https", async () => {
  secure.image("shop/web", "1", [layer]);
  secure.tricks.push((request, response) => {
    if (!request.url.includes("/blobs/")) return false;
    response.writeHead(307, { location: `http://${registry.host}${request.url}` }).end();
    return true;
  });
  registry.seen.length = 0;
  await fault(pull(name, withHost({ ca: identity.ca })), "registry/redirect", /from https to http/);
  secure.tricks[0] = (_request, response) => {
    response.writeHead(401, { "www-authenticate": `Bearer realm="http://${registry.host}/token"` }).end();
    return true;
  };
  const asked = { ...withHost({ ca: identity.ca }), credentials: login, tokenRealms: ["evil.example"] };
  await fault(pull(name, asked), "registry/token-realm");
  await fault(
    pull(`${registry.host}/x:1`, { hosts: { [registry.host]: { scheme: "https" } }, limits: { attemptsMax: 1 } }),
    "registry/not-tls",
  );
  assert.equal(registry.seen.length, 0);
  secure.tricks.length = 0;
});

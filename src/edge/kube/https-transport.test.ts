// The transport's door: certificates that cannot be used together are refused before a request is made.
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeAuthority } from "../../../test/support/kubernetes/pki.ts";
import type { KubeAccess } from "./access.ts";
import { httpsTransport } from "./https-transport.ts";

const bare: KubeAccess = {
  server: new URL("https://127.0.0.1:1"),
  ca: undefined,
  certificate: undefined,
  key: undefined,
  serverName: "",
  headers: async () => ({}),
  fingerprint: "f",
  context: "",
};

test("half of a rotated pair is refused with its reason, a whole one is taken", async () => {
  const authority = await makeAuthority("ca");
  const [old, fresh] = [await authority.issue({ commonName: "u" }), await authority.issue({ commonName: "u" })];
  const transport = (certificate: string, key: string) =>
    httpsTransport({ ...bare, certificate: Buffer.from(certificate), key: Buffer.from(key) });
  assert.throws(() => transport(fresh.certificatePem, old.keyPem), { code: "kube/credential", kind: "usage" });
  assert.throws(() => transport("a: [", old.keyPem), { code: "kube/credential", kind: "usage" });
  transport(fresh.certificatePem, fresh.keyPem).close();
});

test("what node refuses before it sends is a fault", async () => {
  const transport = httpsTransport({ ...bare, headers: async () => ({ authorization: "a\nb" }) });
  await assert.rejects(transport.get({ path: "/version", signal: new AbortController().signal }), {
    code: "kube/unreachable",
  });
  transport.close();
});

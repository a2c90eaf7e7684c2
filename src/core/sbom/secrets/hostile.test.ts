// Files that are made to cost much, and files in an encoding of another system.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { fileOf, testTools } from "../../../../test/support/catalog.ts";
import { checksumOf } from "./checks.ts";
import { secretLimits } from "./files.ts";
import { createSecretSearch } from "./find-secrets.ts";

test("a private key reaches to the next header at most: many headers are one pass and no findings", () => {
  const search = createSecretSearch();
  const key = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  const headers = "-----BEGIN RSA PRIVATE KEY-----\n".repeat(5000);
  assert.deepEqual(
    search.find(fileOf("app/key.txt", `${headers}${key}`), testTools).map((secret) => [secret.rule, secret.line]),
    [["private-key", 5001]],
  );
});

test("what patterns are run over is bounded, and a file that was not searched to its end is counted", () => {
  const search = createSecretSearch();
  let looked = 0;
  const latin1 = (bytes: Uint8Array): string => {
    looked += bytes.length;
    return testTools.latin1(bytes);
  };
  search.find(fileOf("app/list.txt", "AKIA".repeat(250_000)), { ...testTools, latin1 });
  assert.ok(looked <= secretLimits.lookedBytesMax + 20_000, `${looked}`);
  assert.equal(search.skipped().get("too-many-hits"), 1);
});

test("UTF-16 of either order is text, with its mark or without", () => {
  const body = "k3Jx9QpZt7Lm2Vb8Rw4Yc6Nd1Hs5Gf";
  const value = `ghp_${body}${checksumOf(body)}`;
  const little = Buffer.from(`first line\r\nTOKEN=${value}\r\nNAME=\u00e4\u4e2d\r\n`, "utf16le");
  const big = Buffer.from(little).swap16();
  const marked = [Buffer.concat([Buffer.from([0xff, 0xfe]), little]), Buffer.concat([Buffer.from([0xfe, 0xff]), big])];
  for (const bytes of [little, big, ...marked]) {
    const found = createSecretSearch().find(fileOf("app/.env", bytes), testTools);
    assert.deepEqual(
      found.map((secret) => [secret.rule, secret.line]),
      [["github-token", 2]],
    );
  }
});

import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign as signWith } from "node:crypto";
import { test } from "node:test";
import { Fault } from "../../../base/fault.ts";
import { dsseMessage, readPublicKey } from "./public-key.ts";

test("keys of every kind sign; weak and private ones are refused", () => {
  const message = Buffer.from("message");
  const kinds = [
    [generateKeyPairSync("ec", { namedCurve: "P-384" }), "sha384", "ECDSA P-384"],
    [generateKeyPairSync("ec", { namedCurve: "P-384" }), "sha256", "ECDSA P-384"],
    [generateKeyPairSync("ec", { namedCurve: "P-521" }), "sha512", "ECDSA P-521"],
    [generateKeyPairSync("rsa", { modulusLength: 2048 }), "sha256", "RSA 2048"],
    [generateKeyPairSync("ed25519"), null, "Ed25519"],
  ] as const;
  for (const [pair, digest, name] of kinds) {
    const read = readPublicKey(pair.publicKey.export({ type: "spki", format: "pem" }));
    assert.equal(read.name, name);
    const signature = signWith(digest, message, pair.privateKey);
    assert.ok(read.verifies(message, signature), name);
    assert.ok(!read.verifies(Buffer.from("massage"), signature), name);
    assert.ok(!read.verifies(message, Buffer.from("x")), name);
  }
  const pemOf = (pair: { publicKey: KeyObject }) => pair.publicKey.export({ type: "spki", format: "pem" });
  const pemOfPrivate = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  const bad = [
    "",
    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    pemOfPrivate,
    pemOf(generateKeyPairSync("rsa", { modulusLength: 1024 })),
    pemOf(generateKeyPairSync("ec", { namedCurve: "secp256k1" })),
    pemOf(generateKeyPairSync("x25519")),
  ];
  for (const pem of bad)
    assert.throws(
      () => readPublicKey(pem),
      (thrown) => thrown instanceof Fault && thrown.code === "registry/bad-key",
    );
});

test("what DSSE signs says how long its parts are", () => {
  assert.equal(Buffer.from(dsseMessage("a/b", Buffer.from("xy"))).toString(), "DSSEv1 3 a/b 2 xy");
});

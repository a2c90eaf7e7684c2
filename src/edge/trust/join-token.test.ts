// Join tokens: round trip, and refusals that never repeat the secret.
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { assert as holds, property, string } from "fast-check";
import type { Fault } from "../../base/fault.ts";
import { formatJoinToken, hashSecret, makeJoinSecret, parseJoinToken } from "./join-token.ts";

const token = { secret: makeJoinSecret(), cluster: "home", caSha256: "ab".repeat(32) };

test("a token survives its text form, surrounding blanks included", () => {
  deepEqual(parseJoinToken(` ${formatJoinToken(token)}\n`), token);
  equal(hashSecret("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("what is not a token is a fault without the secret in it", () => {
  const text = formatJoinToken(token);
  const cases = [
    "",
    "gj1.",
    "gj2.abcd",
    text.slice(0, 40),
    `gj1.${Buffer.from('{"secret":"short"}').toString("base64url")}`,
  ];
  for (const input of cases) {
    throws(
      () => parseJoinToken(input),
      (fault: Fault) => {
        equal(fault.code, "trust/bad-token");
        ok(input.length < 10 || !fault.message.includes(input));
        return true;
      },
    );
  }
});

test("any text gives a token or the one fault", () => {
  holds(
    property(string(), (text) => {
      try {
        parseJoinToken(`gj1.${text}`);
      } catch (error) {
        equal((error as Fault).code, "trust/bad-token");
      }
    }),
  );
});

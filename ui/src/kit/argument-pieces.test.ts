import assert from "node:assert/strict";
import { test } from "node:test";
import { argumentPieces } from "./argument-pieces.ts";

test("redactions are found, the rest is kept", () => {
  const text = "mysql --password=‹redacted:password-flag› -h db ‹redacted:›";
  assert.deepEqual(
    argumentPieces(text).map(({ text: piece, redacted }) => redacted || piece),
    ["mysql --password=", "password flag", " -h db ", "secret"],
  );
  assert.equal(
    argumentPieces(text)
      .map((piece) => piece.text)
      .join(""),
    text,
  );
  assert.deepEqual(argumentPieces(""), []);
});

// Redaction of texts and paths, limits, and bounded work on hostile input.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { redactArguments, redactPath, redactText } from "./redact.ts";
import { redactionLimits } from "./rules.ts";
import { splitScript } from "./script-words.ts";

const jwt = ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0In0", "dozjgNryP4J3jVmNHl0w5N"].join(".");

const texts: readonly (readonly [string, string])[] = [
  ["login failed, password: hunter2 for bob", "login failed, password: ‹redacted:password-assignment› for bob"],
  ["GET /a?token=abc123 200", "GET /a?token=‹redacted:query-secret› 200"],
  ['level=info msg="ok" password="hunter2" n=1', 'level=info msg="ok" password="‹redacted:password-assignment›" n=1'],
  ['{"a":"{\\"password\\":\\"hunter2\\"}"}', '{"a":"{\\"password\\":\\"‹redacted:password-assignment›\\"}"}'],
  ["Authorization: Bearer abc\r\nHost: x", "Authorization: ‹redacted:authorization-header›\r\nHost: x"],
  ["sent header Authorization: Bearer abc to x", "sent header Authorization: ‹redacted:authorization-header› to x"],
  ["error: invalid token: expected }", "error: invalid token: expected }"],
  ["secret: the door", "secret: the door"],
  ["pass: 12, fail: 0", "pass: 12, fail: 0"],
  ["Exec mysql -usa -psecret", "Exec mysql -usa -p‹redacted:password-flag›"],
  ["curl -u bob:pw http://a", "curl -u bob:‹redacted:credentials-flag› http://a"],
  ["password=$DB_PASSWORD", "password=$DB_PASSWORD"],
  // Name and value side by side, as Kubernetes writes environments.
  [
    '{"env":[{"name":"DB_PASSWORD","value":"hunter2"},{"name":"PORT","value":"80"}]}',
    '{"env":[{"name":"DB_PASSWORD","value":"‹redacted:password-assignment›"},{"name":"PORT","value":"80"}]}',
  ],
  [
    '{\\"name\\": \\"API_TOKEN\\", \\"value\\": \\"x\\"}',
    '{\\"name\\": \\"API_TOKEN\\", \\"value\\": \\"‹redacted:token-assignment›\\"}',
  ],
  ['{"name":"passenger","value":"bob"}', '{"name":"passenger","value":"bob"}'],
  ["", ""],
];

for (const [text, expected] of texts) {
  test(`text ${JSON.stringify(text)}`, () => {
    assert.equal(redactText(text).text, expected);
  });
}

test("secrets in JSON that is an argument: only the values go, and the rest stays JSON", () => {
  const given = {
    DB_PASSWORD: "x",
    nested: { apiToken: "y z" },
    headers: [{ name: "Authorization", value: "Bearer q" }],
  };
  const left = { NODE_ENV: "production", PORT: 8080, name: "value" };
  for (const spaces of [0, 2]) {
    const json = JSON.stringify({ ...left, ...given }, undefined, spaces);
    for (const words of [
      ["node", "--env", json],
      ["node", `--env=${json}`],
      ["sh", "-c", `exec node --env '${json}'`],
    ]) {
      const result = redactArguments(words);
      const text = result.arguments.join(" ");
      assert.deepEqual(JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)), {
        ...left,
        DB_PASSWORD: "‹redacted:password-assignment›",
        nested: { apiToken: "‹redacted:token-assignment›" },
        headers: [{ name: "Authorization", value: "‹redacted:authorization-header›" }],
      });
      assert.deepEqual(redactArguments(result.arguments).arguments, result.arguments);
    }
  }
});

const paths: readonly (readonly [string, string])[] = [
  ["/api/v1/users/42", "/api/v1/users/42"],
  ["/reset-token/9f86d081884c7d659a2feaa0c55ad015", "/reset-token/‹redacted:key-like›"],
  ["/reset-password/today", "/reset-password/today"],
  [`/verify/${jwt}`, "/verify/‹redacted:jwt›"],
  [
    "/v2/shop/blobs/9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015",
    "/v2/shop/blobs/9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015",
  ],
  ["/objects/550e8400-e29b-41d4-a716-446655440000", "/objects/550e8400-e29b-41d4-a716-446655440000"],
  ["/share/aB3dEfGh1jKlMn0pQrStUvWxYz", "/share/‹redacted:key-like›"],
  ["/a?password=x", "/a?password=‹redacted:query-secret›"],
  ["/bot123456789:AAExampleExampleExampleExampleExa12/send", "/bot‹redacted:cloud-token›/send"],
  ["/", "/"],
  ["/shop;jsessionid=8F3B2C1D9E7A/list;v", "/shop;jsessionid=‹redacted:query-secret›/list;v"],
];

for (const [path, expected] of paths) {
  test(`path ${path.slice(0, 60)}`, () => {
    assert.equal(redactPath(path).text, expected);
    assert.equal(redactPath(expected).text, expected);
  });
}

test("any text: never throws, idempotent, nothing lost where nothing is secret", () => {
  const pieces = fc.constantFrom(
    "password",
    "=",
    ":",
    " ",
    '"',
    "'",
    "\\",
    "&",
    ";",
    "token",
    "Authorization",
    "://",
    "@",
    "user",
    "‹redacted:jwt›",
    "\n",
    "-p",
    "mysql",
    "?",
    "key",
    "eyJ",
    "aB3dEfGh1jKlMn0pQr",
    "-----BEGIN PRIVATE KEY-----",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 30 }), (parts) => {
      const text = parts.join("");
      const once = redactText(text).text;
      const twice = redactText(once).text;
      assert.equal(redactText(twice).text, twice);
      assert.equal(
        splitScript(text)
          .map((piece) => piece.before + piece.quote + piece.word + piece.quote)
          .join(""),
        text,
      );
    }),
    { numRuns: 3000 },
  );
});

test("what is over a limit is replaced, not passed on", () => {
  const long = redactText(`${"a ".repeat(redactionLimits.textLengthMax / 2)}the rest`);
  assert.ok(!long.text.includes("the rest"));
  assert.deepEqual(long.redacted, ["over-limit"]);
  const many = redactArguments(Array.from({ length: redactionLimits.argumentsMax + 5 }, (_, index) => `a${index}`));
  assert.equal(many.arguments.length, redactionLimits.argumentsMax + 1);
  assert.equal(many.arguments.at(-1), "‹redacted:over-limit›");
});

test("hostile texts of full length are read in bounded work", () => {
  const hostile = [
    "key=",
    "://a:b",
    "password:",
    '\\"key\\":',
    "eyJaaaaaaa-",
    "'",
    "docker ; ",
    "token=‹redacted:",
    "a:b@tcp",
    "-----BEGIN PRIVATE KEY",
    "key='key=\"",
    "$(",
    "://",
  ];
  for (const piece of hostile) {
    const text = piece.repeat(Math.floor(redactionLimits.textLengthMax / piece.length));
    assert.ok(redactText(text).text.length > 0);
    assert.ok(redactPath(text).text.length > 0);
    assert.equal(redactArguments(["app", text]).arguments.length, 2);
  }
});

// First bytes and what they are taken for; every beginning of a request stays undecided or is HTTP, whatever it is cut into.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { sniff, sniffBytesMax, type Sniffed } from "./sniff.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

const cases: readonly (readonly [string, Sniffed["kind"]])[] = [
  ["", "undecided"],
  ["G", "undecided"],
  ["GET", "undecided"],
  ["GET /", "http1"],
  ["GET / HTTP/1.1\r\n", "http1"],
  ["get /?q=1\r\n", "http1"],
  ["\r\n\r\nGET / HTTP/1.1\r\n", "http1"],
  [" GET / HTTP/1.1\r\n", "http1"],
  ["GET\t/x", "http1"],
  ["OPTIONS * HTTP/1.1\r\n", "http1"],
  ["OPTIONS *", "undecided"],
  ["CONNECT a:1 HTTP/1.1\r\n", "http1"],
  ["GET http://a/ HTTP/1.1\r\n", "http1"],
  ["BREW pot HTTP/1.1\r\n", "http1"],
  ["PRI * HTTP/2.0\r\n", "h2c"],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "h2c"],
  ["PRI * HT", "undecided"],
  ["PRI / HTTP/1.1\r\n", "http1"],
  ["\x16", "undecided"],
  ["\x16\x03\x01\x02\x00", "tls"],
  ["\x16\x00", "other"],
  ["*1\r\n$4\r\nPING\r\n", "other"],
  ["PING\r\n", "other"],
  ["get key\r\n", "other"],
  ["get key", "undecided"],
  ["\x00\x00\x00\x08\x04\xd2\x16\x2f", "other"],
  ["AMQP\x00\x00\x09\x01", "other"],
  ["SSH-2.0-OpenSSH_9.2 Debian\r\n", "other"],
  ["PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", "other"],
  ["\r\n\r\n\x00\r\nQUIT\n", "other"],
  ["A".repeat(sniffBytesMax), "http1"],
  // Python's http.server serves all of these.
  ["GET\x0b/?id=evil\x0bHTTP/1.1\r\n", "http1"],
  ["GET\xa0/?id=evil HTTP/1.1\r\n", "http1"],
  ["GET\x1f/x", "http1"],
  ["\x0bGET /", "http1"],
  ["GET\x0cx\x85HTTP/1.1\r\n", "http1"],
  ["GET\x0b", "undecided"],
  ["GET\x0bx", "undecided"],
  ["GET\r/x", "http1"],
  ["\x1c\xa0", "undecided"],
  ["GET\x00", "undecided"],
  ["GET\x00/x", "http1"],
  ["\x00\x01GET /x", "http1"],
  ["GET\xc2\xa0/x\xc2\xa0HTTP/1.1\r\n", "http1"],
  // PostgreSQL, Kafka, MongoDB, MQTT: a length first, and something that looks like a word perhaps.
  ["\x00\x00\x00\x2a\x00\x03\x00\x00user\x00postgres\x00\x00", "other"],
  ["\x00\x00\x00\x1c\x00\x12\x00\x03\x00\x00\x00\x01\x00\x0bconsole-producer\x00", "other"],
  ["A\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00", "other"],
  ["\x10\x2a\x00\x04MQTT\x04\x02\x00\x3c", "other"],
  ["\x00\x00\x00\x00", "other"],
];

test("first bytes of protocols", () => {
  for (const [text, kind] of cases) assert.equal(sniff(bytes(text)).kind, kind, JSON.stringify(text));
});

test("what is still undecided when no more comes is HTTP", () => {
  for (const [text] of cases) assert.notEqual(sniff(bytes(text), true).kind, "undecided", JSON.stringify(text));
  assert.equal(sniff(bytes("GET"), true).kind, "http1");
});

test("no beginning of a request with other blanks is passed on as something else", () => {
  const letters = [9, 11, 12, 28, 29, 30, 31, 32, 0x85, 0xa0].map((code) => String.fromCharCode(code));
  const blank = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(blank, blank, fc.constantFrom("/x", "x", "http://a/"), fc.nat(), (one, two, target, cut) => {
      const whole = bytes(`${one}GET${two}${target}${one}HTTP/1.1\r\n\r\n`);
      const kind = sniff(whole.subarray(0, cut % (whole.length + 1))).kind;
      assert.ok(kind === "undecided" || kind === "http1", kind);
    }),
  );
});

test("no beginning of a request is passed on as something else", () => {
  const method = fc.stringMatching(/^[A-Za-z!#$%&'*+.^_`|~-]{1,12}$/);
  const blanks = fc.stringMatching(/^[\r\n ]{0,4}$/);
  const target = fc.oneof(
    fc.webPath().map((path) => `/${path}`),
    fc.constantFrom("*", "http://a/x", "a:443", "x y"),
  );
  fc.assert(
    fc.property(blanks, method, target, fc.nat(), (before, name, path, cut) => {
      const whole = bytes(`${before}${name} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      const kind = sniff(whole.subarray(0, cut % (whole.length + 1))).kind;
      assert.ok(kind === "undecided" || kind === "http1", kind);
    }),
  );
});

// What a front end refuses, and what it must let pass to the rules although it looks odd.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readRequest } from "./read-request.ts";
import { refusalOf } from "./refusal.ts";

const host = "Host: shop.example\r\n";
const refused: readonly (readonly [bytes: string, because: RegExp])[] = [
  [` GET / HTTP/1.1\r\n${host}\r\n`, /method/],
  [`GE(T / HTTP/1.1\r\n${host}\r\n`, /method/],
  [`GET /a#b HTTP/1.1\r\n${host}\r\n`, /fragment/],
  [`GET /a b HTTP/1.1\r\n${host}\r\n`, /blank/],
  [`GET /a\tb HTTP/1.1\r\n${host}\r\n`, /control/],
  [`GET \\a HTTP/1.1\r\n${host}\r\n`, /no path/],
  [`GET * HTTP/1.1\r\n${host}\r\n`, /OPTIONS/],
  [`GET / HTTP\\1.0\r\n${host}\r\n`, /version/],
  [`GET / JUNK/1.0\r\n${host}\r\n`, /version/],
  [`CONNECT shop.example HTTP/1.1\r\n${host}\r\n`, /CONNECT/],
  [`GET / HTTP/1.1\r\n\r\n`, /no Host/],
  [`GET / HTTP/1.1\r\nHost:\r\n\r\n`, /empty/],
  [`GET / HTTP/1.1\r\nHost: a%00\r\n\r\n`, /Host/],
  [`GET / HTTP/1.1\r\n${host}${host}\r\n`, /more than one/],
  [`GET / HTTP/1.1\r\n${host}A b: c\r\n\r\n`, /token/],
  [`GET / HTTP/1.1\r\n${host}A: b\rc\r\n\r\n`, /CR/],
  [`POST / HTTP/1.1\r\n${host}Content-Length: +3\r\n\r\n`, /number/],
  [`POST / HTTP/1.1\r\n${host}Content-Length: 3, 3\r\n\r\n`, /number/],
  [`POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nContent-Length: 4\r\n\r\n`, /different/],
  [`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked, gzip\r\n\r\n`, /chunked/],
];
const passed: readonly string[] = [
  `GET / HTTP/1.1\r\n${host}\r\n`,
  `GET /a?b=<c>"|\\{}\`\xe9 HTTP/1.1\r\n${host}\r\n`,
  `|GET / HTTP/1.1\r\n${host}\r\n`,
  `OPTIONS * HTTP/1.1\r\n${host}\r\n`,
  `CONNECT 192.0.2.1:443 HTTP/1.1\r\n${host}\r\n`,
  `GET http://shop.example HTTP/1.1\r\n${host}\r\n`,
  "GET / HTTP/1.0\r\n\r\n",
  "GET / HTTP/1.0\r\nHost:\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n",
  `POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
  `POST / HTTP/2.0\r\n${host}\r\n`,
];

for (const [bytes, because] of refused) {
  test(`refusal: ${JSON.stringify(bytes)}`, () => assert.match(refusalOf(readRequest(bytes)) ?? "passed", because));
}
for (const bytes of passed) {
  test(`no refusal: ${JSON.stringify(bytes)}`, () => assert.equal(refusalOf(readRequest(bytes)), undefined));
}

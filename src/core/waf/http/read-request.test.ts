// Requests as bytes: clean ones, broken ones, and anything at all.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { readRequest } from "./read-request.ts";

const cases: readonly {
  readonly name: string;
  readonly bytes: string;
  readonly expect: Partial<ReturnType<typeof readRequest>>;
}[] = [
  {
    name: "a form",
    bytes: "POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nq=1",
    expect: {
      line: "POST /a?b=c HTTP/1.1",
      method: "POST",
      target: "/a?b=c",
      protocol: "HTTP/1.1",
      headers: [
        ["Host", "x"],
        ["Content-Length", "3"],
      ],
      body: "q=1",
      problems: [],
    },
  },
  {
    name: "blanks in the target stay",
    bytes: "GET /a b  c HTTP/1.1\r\n\r\n",
    expect: { target: "/a b  c", protocol: "HTTP/1.1" },
  },
  {
    name: "blanks before the method stay with it",
    bytes: "  GET / HTTP/1.1\r\n\r\n",
    expect: { method: "  GET", target: "/" },
  },
  { name: "no version", bytes: "GET /a\r\n\r\n", expect: { method: "GET", target: "/a", protocol: "HTTP/0.9" } },
  { name: "an empty version", bytes: "GET /a \r\n\r\n", expect: { target: "/a", protocol: "HTTP/0.9" } },
  { name: "odd version", bytes: "GET / JUNK/1.0\r\n\r\n", expect: { protocol: "JUNK/1.0" } },
  { name: "line ends of LF", bytes: "GET / HTTP/1.1\nA: b\n\nrest", expect: { headers: [["A", "b"]], body: "rest" } },
  {
    name: "chunks",
    bytes: "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nHi \r\n3;x=y\r\nall\r\n0\r\n\r\n",
    expect: { body: "Hi all", problems: [] },
  },
  {
    name: "a chunk that ends early",
    bytes: "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\nF\r\nHi",
    expect: { body: "Hi", problems: ["chunked body: ends within a chunk"] },
  },
  {
    name: "a chunk without a size",
    bytes: "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz",
    expect: { body: "", problems: ["chunked body: a chunk has no size"] },
  },
  {
    name: "folding",
    bytes: "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
    expect: { headers: [["A", "b c"]], problems: ["header field A goes on in the next line (obsolete folding)"] },
  },
  {
    name: "a line without a colon",
    bytes: "GET / HTTP/1.1\r\nA\r\n\r\n",
    expect: { headers: [["A", ""]], problems: ["a header line has no colon"] },
  },
  { name: "nothing", bytes: "", expect: { method: "", target: "", headers: [], body: "" } },
];

for (const { name, bytes, expect } of cases) {
  test(`read-request: ${name}`, () => {
    const got = readRequest(bytes);
    for (const [key, value] of Object.entries(expect)) assert.deepEqual(got[key as keyof typeof got], value, key);
  });
}

test("read-request: too many fields are told", () => {
  const got = readRequest(`GET / HTTP/1.1\r\n${"A: b\r\n".repeat(1001)}\r\nbody`);
  assert.equal(got.headers.length, 1000);
  assert.match(got.problems.join(), /more than 1000 header fields/);
});

test("read-request: never throws, whatever comes", () => {
  const bytes = fc.string({
    unit: fc.constantFrom("\r", "\n", " ", ":", "0", "a", "\0", "\xff", "chunked", "Transfer-Encoding: "),
    maxLength: 60,
  });
  fc.assert(fc.property(bytes, (text) => typeof readRequest(text).body === "string"));
});

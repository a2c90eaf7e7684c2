// A stage's input to bytes, and back through the reader.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readRequest } from "../http/read-request.ts";
import { buildRequest } from "./build-request.ts";
import { base64Bytes, utf8Bytes, utf8Text } from "./bytes.ts";
import { readTestFile, type StageInput } from "./test-file.ts";

const form = { "Content-Type": "application/x-www-form-urlencoded" };
const cases: readonly { readonly name: string; readonly input: StageInput; readonly bytes: string }[] = [
  { name: "nothing given", input: {}, bytes: "GET /u HTTP/1.1\r\nConnection: close\r\n\r\n" },
  {
    name: "data gets a type and a length",
    input: { method: "POST", data: "a=b c&d=<e>" },
    bytes:
      "POST /u HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\nContent-Length: 15\r\n\r\na=b+c&d=%3Ce%3E",
  },
  {
    name: "data that is encoded stays",
    input: { method: "POST", headers: form, data: "a=%3Ce <" },
    bytes:
      "POST /u HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\nContent-Length: 8\r\n\r\na=%3Ce <",
  },
  {
    name: "another type stays as it is",
    input: { method: "POST", headers: { "content-type": "application/json" }, data: '{"a": "b c"}' },
    bytes:
      'POST /u HTTP/1.1\r\ncontent-type: application/json\r\nConnection: close\r\nContent-Length: 12\r\n\r\n{"a": "b c"}',
  },
  {
    name: "nothing filled in",
    input: { method: "POST", autocomplete_headers: false, data: "a b" },
    bytes: "POST /u HTTP/1.1\r\n\r\na b",
  },
  {
    name: "an empty post has a length",
    input: { method: "POST" },
    bytes: "POST /u HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
  },
  {
    name: "a length that is given stays",
    input: { method: "POST", headers: { "Content-Length": "1", Connection: "x" }, data: "abc" },
    bytes:
      "POST /u HTTP/1.1\r\nContent-Length: 1\r\nConnection: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nabc",
  },
  {
    name: "multipart line ends",
    input: {
      method: "POST",
      headers: { "Content-Type": "multipart/form-data; boundary=b" },
      data: "--b\n\nx\n--b--\n",
    },
    bytes:
      "POST /u HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nConnection: close\r\nContent-Length: 17\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
  },
  { name: "an encoded request is all", input: { encoded_request: "R0VUIC8K", method: "POST" }, bytes: "GET /\n" },
  {
    name: "encoded data",
    input: { method: "PUT", encoded_data: "/wA=", autocomplete_headers: false },
    bytes: "PUT /u HTTP/1.1\r\n\r\n\xff\x00",
  },
  { name: "an odd version", input: { version: "", autocomplete_headers: false }, bytes: "GET /u \r\n\r\n" },
  {
    name: "UTF-8",
    input: { headers: { A: "é" }, autocomplete_headers: false },
    bytes: "GET /u HTTP/1.1\r\nA: \xc3\xa9\r\n\r\n",
  },
];

for (const { name, input, bytes } of cases) {
  test(`build-request: ${name}`, () => {
    assert.deepEqual(buildRequest(input, "/u"), { bytes, problem: "" });
  });
}

test("build-request: cookies of an earlier stage", () => {
  const { bytes } = buildRequest({ autocomplete_headers: false }, "/", ["a=b", "c=d"]);
  assert.deepEqual(readRequest(bytes).headers, [["Cookie", "a=b; c=d"]]);
});

test("build-request: base64 that is none is told", () => {
  assert.match(buildRequest({ encoded_request: "R0V?" }, "/").problem, /base64/);
  assert.match(buildRequest({ encoded_data: "R0V" }, "/").problem, /base64/);
});

test("bytes: there and back", () => {
  for (const text of ["", "a", "é", "€", "\u{1f600}", "a\u0000b"]) {
    assert.equal(utf8Bytes(text), Buffer.from(text, "utf8").toString("latin1"));
    assert.equal(utf8Text(utf8Bytes(text)), text);
    const base64 = Buffer.from(text, "utf8").toString("base64");
    assert.equal(base64Bytes(base64), utf8Bytes(text));
  }
  assert.equal(utf8Text("\xff"), undefined);
});

test("test-file: strings for all scalars, ids of file names, wrapped stages, and what is no test file", () => {
  const stage = { input: { port: "80", headers: "" }, output: { status: "400", log: { expect_ids: ["1"] } } };
  const { tests, problems } = readTestFile({ tests: [{ stages: [{ stage }, stage] }] }, "x/920100.yaml");
  assert.deepEqual(problems, []);
  assert.equal(tests[0]?.id, "920100-1");
  assert.deepEqual(tests[0]?.stages[0]?.output, { status: [400], log: { expect_ids: [1] } });
  assert.deepEqual(tests[0]?.stages[1]?.input.headers, {});
  assert.deepEqual(readTestFile(null, "a"), { tests: [], problems: [] });
  assert.match(readTestFile({ tests: "x" }, "a").problems.join(), /a: tests/);
  assert.match(
    readTestFile({ meta: { enabled: "false" }, tests: [{ stages: [] }] }, "a").problems.join(),
    /switched off/,
  );
});

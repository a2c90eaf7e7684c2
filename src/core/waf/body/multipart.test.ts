// Multipart bodies: what is told, every flag, what is still read of a malformed body, limits, and that chunks do not matter.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { array, assert as holds, constantFrom, property } from "fast-check";
import {
  cuts,
  flagsOf,
  inPieces,
  recordBody,
  roomyLimits,
  type MakeParser,
  type Recorded,
} from "../../../../test/support/recorded-body.ts";
import { createMultipartParser } from "./multipart.ts";
import { multipartBoundaryOf } from "./multipart-boundary.ts";

const contentType = "multipart/form-data; boundary=B";
const make: MakeParser = (sink) => createMultipartParser(sink, roomyLimits, { contentType });
const disposition = 'Content-Disposition: form-data; name="n"';
const inPart = (head: string, value = "v") => `--B\r\n${head}\r\n\r\n${value}\r\n--B--\r\n`;
const values = (recorded: Recorded) => recorded.told.filter(([kind]) => kind !== "header");
const shortFlags = (recorded: Recorded) => flagsOf(recorded).map((flag) => flag.replace("MULTIPART_", ""));

interface Case {
  readonly what: string;
  readonly body: string;
  readonly told: readonly (readonly [string, string, string] | readonly [string, string, string, number])[];
  readonly flags?: readonly string[];
  readonly isError?: boolean;
}

const field = [["argument", "n", "v"]] as const;

const cases: readonly Case[] = [
  { what: "one field", body: inPart(disposition), told: field },
  { what: "final boundary without a line end", body: inPart(disposition).trimEnd(), told: field },
  {
    what: "two fields of one name",
    body: `--B\r\n${disposition}\r\n\r\n1\r\n--B\r\n${disposition}\r\n\r\n2\r\n--B--\r\n`,
    told: [
      ["argument", "n", "1"],
      ["argument", "n", "2"],
    ],
  },
  { what: "empty value", body: inPart(disposition, ""), told: [["argument", "n", ""]] },
  {
    what: "line ends and dashes in a value",
    body: inPart(disposition, "a\r\n--C\nb\r\n-"),
    told: [["argument", "n", "a\r\n--C\nb\r\n-"]],
    flags: ["UNMATCHED_BOUNDARY"],
  },
  {
    what: "a file",
    body: inPart(`${disposition}; filename="f.php"\r\nContent-Type: text/plain`, "file"),
    told: [["file", "n", "f.php", 4]],
  },
  { what: "an empty file name is a field", body: inPart(`${disposition}; filename=""`), told: field },
  {
    what: "a path in a file name",
    body: inPart(`${disposition}; filename="C:\\dir\\f"`),
    told: [["file", "n", "C:\\dir\\f", 1]],
  },
  {
    what: "escaped quote",
    body: inPart('Content-Disposition: form-data; name="a\\"b\\\\"'),
    told: [["argument", 'a"b\\', "v"]],
  },
  {
    what: "spaces around =, small letters, no space",
    body: inPart('content-disposition:form-data;name = "n"'),
    told: field,
  },
  { what: "semicolon at the end", body: inPart(`${disposition};`), told: field },
  {
    what: "both file names",
    body: inPart(`${disposition}; filename="a.txt"; filename*=UTF-8''x%20y+.php`),
    told: [
      ["file", "n", "a.txt", 1],
      ["file", "n", "x y+.php", 0],
    ],
  },
  {
    what: "UTF-8 names keep their bytes",
    body: inPart('Content-Disposition: form-data; name="\xc3\xa0"'),
    told: [["argument", "\xc3\xa0", "v"]],
  },

  {
    what: "line feeds",
    body: inPart(disposition).replaceAll("\r", ""),
    told: field,
    flags: ["LF_LINE", "STRICT_ERROR"],
  },
  {
    what: "mixed line ends",
    body: `--B\r\n${disposition}\n\r\nv\n--B--\r\n`,
    told: field,
    flags: ["CRLF_LF_LINES", "LF_LINE", "STRICT_ERROR"],
  },
  { what: "data before", body: `x\r\n${inPart(disposition)}`, told: field, flags: ["DATA_BEFORE", "STRICT_ERROR"] },
  {
    what: "a line end before",
    body: `\r\n${inPart(disposition)}`,
    told: field,
    flags: ["DATA_BEFORE", "STRICT_ERROR"],
  },
  { what: "data after", body: `${inPart(disposition)}post`, told: field, flags: ["DATA_AFTER", "STRICT_ERROR"] },
  {
    what: "parts after the end",
    body: inPart(disposition) + inPart(disposition),
    told: field,
    flags: ["DATA_AFTER", "STRICT_ERROR"],
  },
  {
    what: "folding",
    body: inPart('Content-Disposition: form-data; name="n";\r\n filename="f"'),
    told: [["file", "n", "f", 1]],
    flags: ["HEADER_FOLDING", "STRICT_ERROR"],
  },
  {
    what: "folding with odd white space",
    body: inPart('Content-Disposition: form-data; name="n";\r\n\vfilename="f"'),
    told: [["file", "n", "f", 1]],
    flags: ["HEADER_FOLDING", "INVALID_HEADER_FOLDING", "STRICT_ERROR"],
  },
  {
    what: "single quotes",
    body: inPart("Content-Disposition: form-data; name='n'"),
    told: field,
    flags: ["INVALID_QUOTING", "STRICT_ERROR"],
  },
  {
    what: "another boundary",
    body: inPart(disposition).replaceAll("--B", "--C"),
    told: [],
    flags: ["DATA_BEFORE", "STRICT_ERROR", "UNMATCHED_BOUNDARY"],
    isError: true,
  },

  { what: "no final boundary", body: `--B\r\n${disposition}\r\n\r\nv`, told: field, isError: true },
  {
    what: "ends after a boundary",
    body: `--B\r\n${disposition}\r\n\r\nv\r\n--B\r\n`,
    told: [
      ["argument", "n", "v"],
      ["argument", "", ""],
    ],
    flags: ["INVALID_PART", "STRICT_ERROR"],
    isError: true,
  },
  {
    what: "a boundary that goes on",
    body: `--B\r\n${disposition}\r\n\r\nv\r\n--Bx\r\n--B--\r\n`,
    told: [["argument", "n", "v\r\n--Bx"]],
    isError: true,
  },
  {
    what: "white space behind a boundary",
    body: `--B \r\n${disposition}\r\n\r\nv\r\n--B--\r\n`,
    told: field,
    isError: true,
  },
  {
    what: "no head",
    body: "--B\r\n\r\nv\r\n--B--\r\n",
    told: [["argument", "", "v"]],
    flags: ["INVALID_PART", "STRICT_ERROR"],
    isError: true,
  },
  {
    what: "no disposition",
    body: inPart("Foo: bar"),
    told: [["argument", "", "v"]],
    flags: ["INVALID_PART", "STRICT_ERROR"],
    isError: true,
  },
  { what: "no colon", body: inPart(`Foo\r\n${disposition}`), told: field, isError: true },
  { what: "no header name", body: inPart(`: x\r\n${disposition}`), told: field, isError: true },
  { what: "a bad header name", body: inPart(`Foo\x0e: x\r\n${disposition}`), told: field, isError: true },
  { what: "disposition twice", body: inPart(`${disposition}\r\n${disposition}`), told: field, isError: true },
  {
    what: "another disposition",
    body: inPart('Content-Disposition: attachment; name="n"'),
    told: field,
    flags: ["INVALID_PART", "STRICT_ERROR"],
    isError: true,
  },
  {
    what: "a capital disposition",
    body: inPart('Content-Disposition: FORM-DATA; NAME="n"'),
    told: field,
    flags: ["INVALID_PART", "STRICT_ERROR"],
    isError: true,
  },
  {
    what: "no name",
    body: inPart("Content-Disposition: form-data"),
    told: [["argument", "", "v"]],
    flags: ["INVALID_PART", "STRICT_ERROR"],
    isError: true,
  },
  {
    what: "two names",
    body: inPart(`${disposition}; name="m"`),
    told: field,
    flags: ["INVALID_PART", "STRICT_ERROR"],
    isError: true,
  },
  {
    what: "two file names",
    body: inPart(`${disposition}; filename="a"; filename="b"`),
    told: [["file", "n", "a", 1]],
    flags: ["INVALID_PART", "STRICT_ERROR"],
    isError: true,
  },
  {
    what: "an unknown parameter",
    body: inPart(`${disposition}; foo=bar`),
    told: field,
    flags: ["INVALID_PART", "STRICT_ERROR"],
    isError: true,
  },
  {
    what: "filename* alone",
    body: inPart(`${disposition}; filename*=UTF-8''x.php`),
    told: [["file", "n", "x.php", 1]],
    flags: ["INVALID_PART", "STRICT_ERROR"],
    isError: true,
  },
  {
    what: "junk behind a quote",
    body: inPart('Content-Disposition: form-data; name="n"x; filename="f"'),
    told: [["file", "n", "f", 1]],
    flags: ["INVALID_PART", "INVALID_QUOTING", "STRICT_ERROR"],
    isError: true,
  },
  {
    what: "no line end before the boundary",
    body: `--B\r\n${disposition}\r\n\r\n--B--\r\n`,
    told: [["argument", "n", ""]],
    flags: ["INVALID_PART", "STRICT_ERROR"],
    isError: true,
  },
  {
    what: "a boundary in a head",
    body: `--B\r\n${disposition}\r\n--B--\r\n`,
    told: [["argument", "n", ""]],
    flags: ["INVALID_PART", "STRICT_ERROR"],
    isError: true,
  },
  { what: "text only", body: "x", told: [], flags: ["DATA_BEFORE", "STRICT_ERROR"], isError: true },
  { what: "a final boundary only", body: "--B--", told: [], isError: true },
  { what: "nothing", body: "", told: [] },
];

describe("multipart bodies", () => {
  for (const { what, body, told, flags, isError = false } of cases)
    it(what, () => {
      const recorded = recordBody(make, [body]);
      assert.deepEqual(values(recorded), told);
      assert.equal(recorded.verdict.error !== "", isError, recorded.verdict.error);
      assert.deepEqual(shortFlags(recorded), flags ?? (isError ? ["STRICT_ERROR"] : []));
    });

  it("lines that look like boundaries are told by number", () => {
    const of = (body: string) => recordBody(make, [body]).verdict.flags["MULTIPART_UNMATCHED_BOUNDARY"];
    assert.equal(of(inPart(disposition)), undefined);
    assert.equal(of(inPart(disposition, "-----BEGIN KEY-----")), 2);
    assert.equal(of(inPart(disposition, "a\r\n--C")), 2);
    assert.equal(of(inPart(disposition).replaceAll("--B", "--C")), 1);
    assert.equal(of(`--B\r\n${disposition}\r\n\r\n--C\r\n`), 1);
  });

  it("malformed dispositions are errors, and what follows is read", () => {
    for (const text of [
      ";; filename=f",
      ";".repeat(4_000) + " filename=f",
      "; x; filename=f",
      '; a="b; filename=f',
      ' y; filename="f"',
    ]) {
      const recorded = recordBody(make, [inPart(`${disposition}${text}`)]);
      assert.notEqual(recorded.verdict.error, "", text.slice(0, 20));
      if (!text.includes("a=")) assert.deepEqual(values(recorded), [["file", "n", "f", 1]]);
    }
    for (const name of ["n\xe9", 'n"', "n\\", "n\0"]) {
      const recorded = recordBody(make, [inPart(`Content-Disposition: form-data; name=${name}`)]);
      assert.notEqual(recorded.verdict.error, "", name);
    }
  });

  it("headers are told under the part's name, folded ones in one line", () => {
    const { told } = recordBody(make, [inPart(`${disposition}\r\nX-A: b\r\n\t c`)]);
    assert.deepEqual(told, [
      ["header", "n", disposition],
      ["header", "n", "X-A: b c"],
      ["argument", "n", "v"],
    ]);
  });

  const types: readonly (readonly [string, string, boolean, readonly string[]])[] = [
    ["multipart/form-data; boundary=B", "B", false, []],
    ["MULTIPART/form-data;boundary=B; charset=utf-8", "B", false, []],
    ['multipart/form-data; boundary="B C"', "B C", false, ["BOUNDARY_QUOTED"]],
    ["multipart/form-data boundary=B", "B", false, ["MISSING_SEMICOLON", "SEMICOLON_MISSING"]],
    ["multipart/form-data; boundary = B", "B", false, ["BOUNDARY_WHITESPACE"]],
    ["multipart/form-data; boundary= B", "B", false, ["BOUNDARY_WHITESPACE"]],
    ["multipart/form-data; boundary=B ", "B", true, []],
    ["multipart/form-data; x=y; boundary=B", "B", true, []],
    ["multipart/form-data; Boundary=B", "B", true, []],
    ["multipart/form-data; boundary=B; boundary=C", "B", true, []],
    ["multipart/form-data, boundary=B", "B", true, []],
    ['multipart/form-data; boundary="B', "B", true, []],
    ["multipart/form-data; boundary=B'()+_,-./:=?", "B'()+_,-./:=?", false, []],
    ["multipart/form-data; boundary=B#", "B#", true, []],
    ["multipart/mixed; boundary=B", "B", true, []],
    ["multipart/form-data; boundaryx=B", "B", true, []],
    ["multipart/form-data; boundary=B@", "B@", true, []],
    ["multipart/form-data; boundary=", "", true, []],
    ["multipart/form-data; boundary", "", true, []],
    ["multipart/form-data", "", true, []],
    [`multipart/form-data; boundary=${"b".repeat(2_000)}`, "", true, []],
  ];
  for (const [type, boundary, isError, flags] of types)
    it(type.slice(0, 60), () => {
      const read = multipartBoundaryOf(type);
      assert.equal(read.boundary, boundary);
      assert.equal(read.error !== "", isError, read.error);
      assert.deepEqual(
        read.flags.map((flag) => flag.replace("MULTIPART_", "")),
        flags,
      );
    });

  it("chunks do not change what is told", () => {
    const pieces = constantFrom(
      "--B",
      "\r\n",
      "\n",
      "--B\r\n",
      "\r\n--B--\r\n",
      "--",
      "-",
      " ",
      "v",
      `${disposition}\r\n`,
      "\r\n\r\n",
      "B",
      ": ",
      "\r",
      "Foo: bar\r\n",
      "\t",
      '; filename="f"',
    );
    holds(
      property(array(pieces, { maxLength: 14 }), cuts, (parts, places) => {
        const body = parts.join("");
        assert.deepEqual(recordBody(make, inPieces(body, places)), recordBody(make, [body]), JSON.stringify(body));
      }),
      { numRuns: 10_000 },
    );
  });

  it("limits are named: parts, head, arguments, names, bytes", () => {
    const limitOf = (body: string, limits: Partial<typeof roomyLimits>) =>
      recordBody((sink) => createMultipartParser(sink, { ...roomyLimits, ...limits }, { contentType }), [body]);
    const two = `--B\r\n${disposition}\r\n\r\n1${`\r\n--B\r\n${disposition}\r\n\r\n2`.repeat(2)}\r\n--B--\r\n`;
    const parts = limitOf(two, { partsMax: 2 });
    assert.equal(parts.verdict.limit, "partsMax");
    assert.ok(shortFlags(parts).includes("FILE_LIMIT_EXCEEDED"));
    assert.equal(limitOf(two, { argumentsMax: 2 }).verdict.limit, "argumentsMax");
    assert.equal(limitOf(two, { nameBytesMax: 0 }).verdict.limit, "nameBytesMax");
    assert.equal(limitOf(two, { bytesMax: 80 }).verdict.limit, "bytesMax");
    assert.equal(limitOf(two, { partHeaderBytesMax: 10 }).verdict.limit, "partHeaderBytesMax");
    assert.equal(limitOf(two, {}).verdict.limit, "");
  });

  it("a million parts, endless heads and fifty megabytes of file are bounded", () => {
    assert.equal(recordBody(make, ["--B\r\n\r\n\r\n".repeat(200_000)]).verdict.limit, "partsMax");
    assert.equal(
      recordBody(make, ["--B\r\n", ...Array.from({ length: 1_000 }, () => "X: y\r\n".repeat(100))]).verdict.limit,
      "partHeaderBytesMax",
    );
    assert.equal(
      recordBody(make, ["--B\r\nX: ", ...Array.from({ length: 1_000 }, () => "y".repeat(1_000))]).verdict.limit,
      "partHeaderBytesMax",
    );
    const chunk = "\r\n--C\0\xff".repeat(8_192);
    const file = recordBody(make, [
      `--B\r\n${disposition}; filename="f"\r\n\r\n`,
      ...Array.from({ length: 800 }, () => chunk),
      "\r\n--B--",
    ]);
    assert.deepEqual(values(file), [["file", "n", "f", 800 * chunk.length]]);
    assert.equal(file.verdict.error, "");
  });
});

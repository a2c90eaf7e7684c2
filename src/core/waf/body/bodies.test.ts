// All body parsers at once: any bytes, any limits, any cuts. Never an exception, never more told than came, never a difference between one chunk and many.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { array, assert as holds, constantFrom, integer, property, record, string } from "fast-check";
import { cuts, inPieces, recordBody, type MakeParser } from "../../../../test/support/recorded-body.ts";
import type { BodyLimits } from "./body-parser.ts";
import { createJsonParser } from "./json.ts";
import { createMultipartParser } from "./multipart.ts";
import { createUrlencodedParser } from "./urlencoded.ts";
import { createXmlParser } from "./xml.ts";

const parsers: Readonly<Record<string, (limits: BodyLimits) => MakeParser>> = {
  urlencoded: (limits) => (sink) => createUrlencodedParser(sink, limits),
  multipart: (limits) => (sink) =>
    createMultipartParser(sink, limits, { contentType: "multipart/form-data; boundary=B" }),
  json: (limits) => (sink) => createJsonParser(sink, limits),
  xml: (limits) => (sink) => createXmlParser(sink, limits),
  "xml with its whole text": (limits) => (sink) => createXmlParser(sink, limits, { texts: "both" }),
};

const anyLimits = record({
  bytesMax: constantFrom(20, 60, 1_000),
  argumentsMax: integer({ min: 0, max: 6 }),
  depthMax: integer({ min: 0, max: 4 }),
  partsMax: integer({ min: 0, max: 4 }),
  partHeaderBytesMax: constantFrom(0, 5, 30, 80, 1_000),
  nameBytesMax: constantFrom(0, 3, 10, 1_000),
  fieldBytesMax: constantFrom(0, 3, 40, 100_000),
});

const anyBytes = string({
  unit: integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 30,
});
const anyPieces = constantFrom(
  ...'& = % %41 + a b --B --B-- \r\n \n \r -- : ; < > <a> </a> <!-- --> <![CDATA[ ]]> <?xml ?> <!DOCTYPE [ ] { } , " \\ \\u0041 1 true null'.split(
    " ",
  ),
  'Content-Disposition: form-data; name="n"\r\n',
  '; filename="f"',
  " x='1'",
  "&lt;",
  " ",
  "\0",
  "\xff",
);

describe("body parsers", () => {
  for (const [name, parser] of Object.entries(parsers))
    it(`${name}: any bytes under any limits`, () => {
      const bodies = array(anyPieces, { maxLength: 20 });
      holds(
        property(bodies, anyBytes, anyLimits, cuts, (pieces, tail, limits, places) => {
          const body = pieces.join("") + tail;
          const whole = recordBody(parser(limits), [body]);
          assert.deepEqual(recordBody(parser(limits), inPieces(body, places)), whole, JSON.stringify([body, limits]));
          assert.ok(whole.told.length <= 2 * body.length + 1);
          assert.equal(whole.verdict.limit !== "" && whole.verdict.error === "", false);
        }),
        { numRuns: 4_000 },
      );
    });
});
